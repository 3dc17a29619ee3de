/* SPDX-License-Identifier: Apache-2.0
 *
 * SOFTMAX in fixed point. The exponential and the reciprocal are the algorithms of gemmlowp's fixedpoint.h (see
 * "exp_on_negative_values" and "one_over_one_plus_x_for_x_in_0_1" there), which the reference uses.
 */
#include "arithmetic.h"

#define DIFFERENCE_FRACTION_BITS 26 /* Q5.26 */
#define SUM_INTEGER_BITS 12         /* Q12.19 */

/* As mlforge_multiply_high, for factors of any sign but not both -2^31. */
static int32_t multiply(int32_t a, int32_t b)
{
	return mlforge_multiply_high(a, b);
}

/* exp(a) in Q0.31 for a in [-1/4, 0) in Q0.31: a Taylor polynomial around -1/8. */
static int32_t exp_of_quarter(int32_t a)
{
	const int32_t exp_of_minus_eighth = 1895147668;
	const int32_t third = 715827883;
	const int32_t x = a + (1 << 28);
	const int32_t x2 = multiply(x, x);
	const int32_t x3 = multiply(x2, x);
	const int32_t x4 = multiply(x2, x2);
	const int32_t x4_over_4 = mlforge_divide_by_power(x4, 1);
	const int32_t tail = mlforge_divide_by_power(multiply(x4_over_4 + x3, third) + x2, 0);

	return exp_of_minus_eighth + multiply(exp_of_minus_eighth, x + tail);
}

/* exp(a) in Q0.31 for a <= 0 in Q5.26. */
static int32_t exp_of_negative(int32_t a)
{
	/* exp(-2^i) in Q0.31 for i = -2, -1, 0, 1, 2, 3, 4 */
	static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
	const int32_t quarter = 1 << (DIFFERENCE_FRACTION_BITS - 2);

	if (a == 0) {
		return INT32_MAX;
	}
	const int32_t fraction = (a & (quarter - 1)) - quarter;
	const uint32_t rest = (uint32_t)fraction - (uint32_t)a;
	int32_t result = exp_of_quarter(fraction * 32);

	for (uint32_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
		if (rest & ((uint32_t)quarter << i)) {
			result = multiply(result, factors[i]);
		}
	}
	return result;
}

static int32_t saturating_shift_left(int32_t x, int32_t shift)
{
	if (x > INT32_MAX >> shift) {
		return INT32_MAX;
	}
	if (x < INT32_MIN >> shift) {
		return INT32_MIN;
	}
	return mlforge_shift_left(x, shift);
}

/* 1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31: three steps of Newton and Raphson in Q2.29. */
static int32_t reciprocal_of_one_plus(int32_t x)
{
	const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
	int32_t y = 1515870810 + multiply(half_denominator, -1010580540); /* 48/17 - 32/17 d */

	for (int32_t i = 0; i < 3; i++) {
		const int32_t error = (1 << 29) - multiply(half_denominator, y);

		y += saturating_shift_left(multiply(y, error), 2);
	}
	return saturating_shift_left(y, 1);
}

static int32_t leading_zeros(uint32_t x)
{
	int32_t count = 0;

	while (!(x & 0x80000000U)) {
		x <<= 1;
		count++;
	}
	return count;
}

/* exp(value - largest) in Q0.31, 0 where that is too small to count. */
static int32_t exp_of_difference(const struct mlforge_softmax *op, int32_t difference)
{
	if (difference < op->difference_min) {
		return 0;
	}
	return exp_of_negative(
		mlforge_multiply_high(mlforge_shift_left(difference, op->left_shift), op->multiplier));
}

static void one_row(const struct mlforge_softmax *op, const int8_t *input, int8_t *output)
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
	/* sum = (1 + x) * 2^(SUM_INTEGER_BITS - headroom) */
	const int32_t headroom = leading_zeros((uint32_t)sum);
	const int32_t x = (int32_t)(((uint32_t)sum << headroom) - 0x80000000U);
	const int32_t scale = reciprocal_of_one_plus(x);
	const int32_t shift = SUM_INTEGER_BITS - headroom + 31 - 8; /* at least 23, as the sum is at least 1 */

	for (uint32_t c = 0; c < op->depth; c++) {
		const int32_t e = exp_of_difference(op, input[c] - largest);
		const int32_t y = multiply(scale, e);
		const int32_t rounded = shift > 31 ? 0 : mlforge_divide_by_power(y, shift - 1);

		output[c] = (int8_t)mlforge_clamp(rounded + INT8_MIN, INT8_MIN, INT8_MAX);
	}
}

void mlforge_softmax_s8(const struct mlforge_softmax *op, const int8_t *input, int8_t *output)
{
	for (uint32_t row = 0; row < op->rows; row++) {
		one_row(op, input, output);
		input += op->depth;
		output += op->depth;
	}
}
