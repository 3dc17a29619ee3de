/* SPDX-License-Identifier: Apache-2.0
 *
 * QUANTIZE of floats at a model's border: AffineQuantize of the reference, with an answer for every
 * float.
 */
#include "kernels/shared/arithmetic.h"

/* Any result this large is clamped, whatever the zero point. */
#define LARGE 262144.0f

static int32_t quantize(const struct mlforge_quantize *op, float x)
{
	const float scaled = x / op->scale;
	int32_t whole = 0; /* stays for what is no number */

	if (scaled >= LARGE) {
		whole = (int32_t)LARGE;
	} else if (scaled <= -LARGE) {
		whole = -(int32_t)LARGE;
	} else if (scaled > -LARGE && scaled < LARGE) {
		whole = (int32_t)scaled;
		const float rest = scaled - (float)whole; /* exact */

		whole += (rest >= 0.5f) - (rest <= -0.5f);
	}
	return whole + op->zero_point;
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
