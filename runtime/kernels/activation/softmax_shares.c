/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of SOFTMAX.
 */
#include "softmax.h"

#include "kernels/shared/fixed_functions.h"

#define SUM_INTEGER_BITS 12 /* Q12.19 */

/* exp(value - largest) in Q0.31, 0 where that is too small to count. */
static int32_t exp_of_difference(const struct mlforge_softmax *op, int32_t difference)
{
	if (difference < op->difference_min) {
		return 0;
	}
	return mlforge_exp_of_negative(mlforge_multiply_high(
		mlforge_shift_left(difference, op->left_shift), op->multiplier));
}

struct mlforge_shares mlforge_softmax_shares(const struct mlforge_softmax *op, const int8_t *input,
					     int32_t bits)
{
	int32_t largest = INT8_MIN;
	int32_t sum = 0;

	for (uint32_t c = 0; c < op->depth; c++) {
		largest = input[c] > largest ? input[c] : largest;
	}
	for (uint32_t c = 0; c < op->depth; c++) {
		const int32_t e = exp_of_difference(op, input[c] - largest);

		sum = (int32_t)((uint32_t)sum +
				(uint32_t)mlforge_divide_by_power(e, SUM_INTEGER_BITS - 1));
	}
	/* sum = (1 + x) * 2^(SUM_INTEGER_BITS - headroom), at least 1 */
	const int32_t headroom = mlforge_leading_zeros((uint32_t)sum);
	const int32_t x = (int32_t)(((uint32_t)sum << headroom) - 0x80000000U);

	return (struct mlforge_shares){
		.largest = largest,
		.scale = mlforge_reciprocal_of_one_plus(x),
		.shift = SUM_INTEGER_BITS - headroom + 31 - bits,
	};
}

int32_t mlforge_softmax_share(const struct mlforge_softmax *op, const struct mlforge_shares *shares,
			      int32_t input)
{
	const int32_t e = exp_of_difference(op, input - shares->largest);
	const int32_t y = mlforge_multiply_high(shares->scale, e);

	return shares->shift > 31 ? 0 : mlforge_divide_by_power(y, shares->shift - 1);
}
