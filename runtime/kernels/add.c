/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors with scales of their own.
 */
#include "arithmetic.h"

/* The reference's headroom for the sum. */
#define FRACTION_BITS 20

/* `count` elements, none of them repeated. */
static void add(const struct mlforge_add *op, const int8_t *input_1, const int8_t *input_2, int8_t *output,
		uint32_t count)
{
	const struct mlforge_add p = *op; /* a copy that stores into int8 cannot change */

	for (uint32_t i = 0; i < count; i++) {
		const int32_t a = (input_1[i] - p.zero_point_1) * (1 << FRACTION_BITS);
		const int32_t b = (input_2[i] - p.zero_point_2) * (1 << FRACTION_BITS);
		const int32_t sum = mlforge_requantise(a, p.multiplier_1, p.shift_1) +
				    mlforge_requantise(b, p.multiplier_2, p.shift_2);

		output[i] = mlforge_finish(sum, p.multiplier_output, p.shift_output, &p.stage);
	}
}

void mlforge_add_s8(const struct mlforge_add *op, const int8_t *input_1, const int8_t *input_2, int8_t *output)
{
	const uint32_t repeat = op->repeat_1 ? op->repeat_1 : op->repeat_2;
	const uint32_t run = repeat ? repeat : op->count;

	for (uint32_t n = 0; n < op->count; n += run) {
		add(op, op->repeat_1 ? input_1 : input_1 + n, op->repeat_2 ? input_2 : input_2 + n, output + n, run);
	}
}
