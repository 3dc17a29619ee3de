/* SPDX-License-Identifier: Apache-2.0
 *
 * QUANTIZE of floats at a model's border: AffineQuantize of the reference, with an answer for every
 * float.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/whole.h"

static int32_t quantize(const struct mlforge_quantize *op, float x)
{
	return mlforge_whole(x / op->scale) + op->zero_point;
}

void mlforge_quantize_f32_s8(const struct mlforge_quantize *op, const void *input, void *output)
{
	const float *from = input;
	int8_t *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		to[i] = (int8_t)mlforge_clamp(quantize(op, from[i]), INT8_MIN, INT8_MAX);
	}
}

void mlforge_quantize_f32_s16(const struct mlforge_quantize *op, const void *input, void *output)
{
	const float *from = input;
	int16_t *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		to[i] = (int16_t)mlforge_clamp(quantize(op, from[i]), INT16_MIN, INT16_MAX);
	}
}
