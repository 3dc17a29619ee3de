/* SPDX-License-Identifier: Apache-2.0
 *
 * QUANTIZE between integers of different size (from int8 to int8, a table does it): Requantize of
 * the reference.
 */
#include "kernels/shared/arithmetic.h"

static int32_t load(const void *input, uint32_t i, uint32_t bytes)
{
	switch (bytes) {
	case 1:
		return ((const int8_t *)input)[i];
	case 2:
		return ((const int16_t *)input)[i];
	default:
		return ((const int32_t *)input)[i];
	}
}

static void store(void *output, uint32_t i, uint32_t bytes, int32_t value)
{
	switch (bytes) {
	case 1:
		((int8_t *)output)[i] = (int8_t)mlforge_clamp(value, INT8_MIN, INT8_MAX);
		break;
	case 2:
		((int16_t *)output)[i] = (int16_t)mlforge_clamp(value, INT16_MIN, INT16_MAX);
		break;
	default:
		((int32_t *)output)[i] = value;
		break;
	}
}

void mlforge_requantize(const struct mlforge_requantize *op, const void *input, void *output)
{
	for (uint32_t i = 0; i < op->count; i++) {
		const uint32_t x =
			(uint32_t)load(input, i, op->input_bytes) - (uint32_t)op->input_zero_point;
		const int32_t y = mlforge_requantise((int32_t)x, op->multiplier, op->shift);

		store(output, i, op->output_bytes,
		      (int32_t)((uint32_t)y + (uint32_t)op->output_zero_point));
	}
}
