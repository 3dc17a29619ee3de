/* SPDX-License-Identifier: Apache-2.0
 *
 * DEQUANTIZE at a model's border. The reference multiplies as double and rounds to float; the
 * product of a float and at most 17 bits is exact as a double, so rounding it as float at once is
 * the same.
 */
#include "mlforge/kernels.h"

void mlforge_dequantize_s8_f32(const struct mlforge_quantize *op, const void *input, void *output)
{
	const int8_t *from = input;
	float *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		to[i] = op->scale * (float)(from[i] - op->zero_point);
	}
}

void mlforge_dequantize_s16_f32(const struct mlforge_quantize *op, const void *input, void *output)
{
	const int16_t *from = input;
	float *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		to[i] = op->scale * (float)(from[i] - op->zero_point);
	}
}
