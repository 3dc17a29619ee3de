/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD_N.
 */
#include "kernels/shared/arithmetic.h"

#define FRACTION_BITS 19

void mlforge_add_n_s8(const struct mlforge_add_n *op, const int8_t *input, int8_t *output,
		      void *scratch)
{
	int16_t *sums = scratch;

	for (uint32_t i = 0; i < op->count; i++) {
		const int32_t before = op->first ? -op->zero_point : sums[i];
		const int32_t sum = before + input[i] - op->zero_point;

		if (op->last) {
			output[i] = mlforge_finish(mlforge_shift_left(sum, FRACTION_BITS),
						   op->multiplier, op->shift, &op->stage);
		} else {
			sums[i] = (int16_t)sum;
		}
	}
}
