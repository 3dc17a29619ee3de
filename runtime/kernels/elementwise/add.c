/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors with scales of their own.
 */
#include "kernels/shared/arithmetic.h"

/* The reference's headroom for the sum. */
#define FRACTION_BITS 20

/* `count` elements, none of them repeated. */
static void add(const struct mlforge_add *op, const int8_t *input_1, const int8_t *input_2,
		int8_t *output, uint32_t count)
{
	/* Copies, which stores into int8 cannot change. */
	const int32_t zero_point_1 = op->zero_point_1, multiplier_1 = op->multiplier_1,
		      shift_1 = op->shift_1;
	const int32_t zero_point_2 = op->zero_point_2, multiplier_2 = op->multiplier_2,
		      shift_2 = op->shift_2;

	for (uint32_t i = 0; i < count; i++) {
		const int32_t a = (input_1[i] - zero_point_1) * (1 << FRACTION_BITS);
		const int32_t b = (input_2[i] - zero_point_2) * (1 << FRACTION_BITS);
		const int32_t sum = mlforge_requantise(a, multiplier_1, shift_1) +
				    mlforge_requantise(b, multiplier_2, shift_2);

		output[i] =
			mlforge_finish(sum, op->multiplier_output, op->shift_output, &op->stage);
	}
}

void mlforge_add_s8(const struct mlforge_add *op, const int8_t *input_1, const int8_t *input_2,
		    int8_t *output)
{
	const uint32_t repeat = op->repeat_1 ? op->repeat_1 : op->repeat_2;
	const uint32_t run = repeat ? repeat : op->count;

	for (uint32_t n = 0; n < op->count; n += run) {
		add(op, op->repeat_1 ? input_1 : input_1 + n, op->repeat_2 ? input_2 : input_2 + n,
		    output + n, run);
	}
}
