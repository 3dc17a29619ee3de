/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors with scales of their own.
 */
#include "arithmetic.h"

/* The reference's headroom for the sum. */
#define FRACTION_BITS 20

void mlforge_add_s8(const struct mlforge_add *op, const int8_t *input_1, const int8_t *input_2, int8_t *output)
{
	uint32_t i = 0;
	uint32_t j = 0;

	for (uint32_t n = 0; n < op->count; n++) {
		const int32_t a = (input_1[i] - op->zero_point_1) * (1 << FRACTION_BITS);
		const int32_t b = (input_2[j] - op->zero_point_2) * (1 << FRACTION_BITS);
		const int32_t sum = mlforge_requantise(a, op->multiplier_1, op->shift_1) +
				    mlforge_requantise(b, op->multiplier_2, op->shift_2);

		output[n] = mlforge_finish(sum, op->multiplier_output, op->shift_output, &op->stage);
		i = i + 1 == op->repeat_1 ? 0 : i + 1;
		j = j + 1 == op->repeat_2 ? 0 : j + 1;
	}
}
