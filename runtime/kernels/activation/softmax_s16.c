/* SPDX-License-Identifier: Apache-2.0
 *
 * SOFTMAX of int16, by tables of exp(x) and 1 / (1 + x) between whose points it interpolates.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/fixed_functions.h"

#define FRACTION_BITS 7 /* between the points of a table */

static int32_t look_up(const int16_t *table, int32_t x)
{
	const int16_t *base = table + 256 + (x >> FRACTION_BITS);
	const int32_t slope = (int16_t)(base[1] - base[0]);

	return (int16_t)(base[0] +
			 ((slope * (x & ((1 << FRACTION_BITS) - 1)) + 64) >> FRACTION_BITS));
}

/* exp(x - largest) in Q0.15. */
static int32_t exp_of(const struct mlforge_softmax_s16 *op, int32_t difference)
{
	const int32_t scaled = mlforge_requantise(difference, op->multiplier, op->shift);

	return look_up(op->exp, mlforge_clamp(scaled + INT16_MAX, INT16_MIN, INT16_MAX));
}

static void one_row(const struct mlforge_softmax_s16 *op, const int16_t *input, int16_t *output)
{
	int32_t largest = INT16_MIN;
	int32_t sum = 0; /* in Q16.15 */

	for (uint32_t c = 0; c < op->depth; c++) {
		largest = input[c] > largest ? input[c] : largest;
	}
	for (uint32_t c = 0; c < op->depth; c++) {
		output[c] = (int16_t)exp_of(op, input[c] - largest);
		sum += output[c];
	}
	const int32_t zeros = mlforge_leading_zeros((uint32_t)sum);
	const int32_t normal =
		(int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14); /* (1 + x) * 2^16 */
	const int32_t reciprocal =
		look_up(op->reciprocal, mlforge_clamp(normal - (3 << 15), INT16_MIN, INT16_MAX));
	const int32_t shift = 31 - zeros;

	for (uint32_t c = 0; c < op->depth; c++) {
		const int32_t share = (output[c] * reciprocal + (1 << (shift - 1))) >> shift;

		output[c] = (int16_t)mlforge_clamp(share, 0, INT16_MAX);
	}
}

void mlforge_softmax_s16(const struct mlforge_softmax_s16 *op, const void *input, void *output)
{
	const int16_t *from = input;
	int16_t *to = output;

	for (uint32_t row = 0; row < op->rows; row++) {
		one_row(op, from, to);
		from += op->depth;
		to += op->depth;
	}
}
