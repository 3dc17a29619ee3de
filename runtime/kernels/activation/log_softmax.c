/* SPDX-License-Identifier: Apache-2.0
 *
 * LOG_SOFTMAX, in fixed point.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/fixed_functions.h"

#define ZERO_POINT  127
#define EXP_BITS    12 /* from the exponential's 31 fraction bits to the sum's 19 */
#define OUTPUT_BITS 22 /* from the difference's 26 fraction bits to 4 */

static int32_t largest_of(const int8_t *input, uint32_t depth)
{
	int32_t largest = INT8_MIN;

	for (uint32_t c = 0; c < depth; c++) {
		largest = input[c] > largest ? input[c] : largest;
	}
	return largest;
}

/* A difference of inputs in Q5.26. */
static int32_t scaled(const struct mlforge_softmax *op, int32_t difference)
{
	return mlforge_requantise(difference, op->multiplier, -1 - op->left_shift);
}

/* In Q12.19. */
static int32_t sum_of_exponentials(const struct mlforge_softmax *op, const int8_t *input,
				   int32_t largest)
{
	int32_t sum = 0;

	for (uint32_t c = 0; c < op->depth; c++) {
		const int32_t difference = input[c] - largest;

		if (difference >= op->difference_min) {
			sum += mlforge_divide_by_power(
				mlforge_exp_of_negative(scaled(op, difference)), EXP_BITS - 1);
		}
	}
	return sum;
}

static int8_t logarithm(const struct mlforge_softmax *op, int32_t difference, int32_t log_sum)
{
	const int32_t y =
		mlforge_divide_by_power(scaled(op, difference) - log_sum, OUTPUT_BITS - 1) +
		ZERO_POINT;

	return (int8_t)mlforge_clamp(y, INT8_MIN, INT8_MAX);
}

void mlforge_log_softmax_s8(const struct mlforge_log_softmax *op, const int8_t *input,
			    int8_t *output)
{
	const struct mlforge_softmax *softmax = &op->softmax;

	for (uint32_t row = 0; row < softmax->rows; row++) {
		const int32_t largest = largest_of(input, softmax->depth);
		const int32_t log_sum =
			mlforge_log_of_sum(sum_of_exponentials(softmax, input, largest));
		/* What a difference must be above, so that the result can be represented. */
		const int32_t limit = mlforge_requantise(log_sum + INT32_MIN,
							 op->reverse_multiplier, op->reverse_shift);
		const int32_t least =
			softmax->difference_min - 1 > limit ? softmax->difference_min - 1 : limit;

		for (uint32_t c = 0; c < softmax->depth; c++) {
			const int32_t difference = input[c] - largest;

			output[c] = difference > least ? logarithm(softmax, difference, log_sum)
						       : INT8_MIN;
		}
		input += softmax->depth;
		output += softmax->depth;
	}
}
