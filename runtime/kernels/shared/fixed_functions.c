/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions in fixed point that several kernels share.
 */
#include "fixed_functions.h"

#define DIFFERENCE_FRACTION_BITS 26 /* Q5.26 */
#define SUM_INTEGER_BITS         12 /* Q12.19 */
#define LOG_FRACTION_BITS        25 /* Q6.25, a bit more than the result's integer bits */
#define LOG_INTEGER_BITS         5  /* less one, as mlforge_divide_by_power takes it */

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
int32_t mlforge_exp_of_negative(int32_t a)
{
	/* exp(-2^i) in Q0.31 for i = -2, -1, 0, 1, 2, 3, 4 */
	static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
					  39332535,   720401,     242};
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
int32_t mlforge_reciprocal_of_one_plus(int32_t x)
{
	const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
	int32_t y = 1515870810 + multiply(half_denominator, -1010580540); /* 48/17 - 32/17 d */

	for (int32_t i = 0; i < 3; i++) {
		const int32_t error = (1 << 29) - multiply(half_denominator, y);

		y += saturating_shift_left(multiply(y, error), 2);
	}
	return saturating_shift_left(y, 1);
}

int32_t mlforge_leading_zeros(uint32_t x)
{
	int32_t count = 0;

	while (!(x & 0x80000000U)) {
		x <<= 1;
		count++;
	}
	return count;
}

/* The part of the logarithm that the mantissa r in Q0.31, near 2^(-1/4), makes, in Q6.25: a
 * rational function. */
static int32_t log_near_one(int32_t r)
{
	const int32_t fourth_root_of_half = 1805811301;
	const int32_t alpha_n = 117049297;  /* 11/240 * 2^(1/4) */
	const int32_t alpha_d = 127690142;  /* 1/20 * 2^(1/4) */
	const int32_t alpha_i = 1057819769; /* 2 / 2^(1/4) - 2^(1/4) */
	const int32_t alpha_f = 638450708;  /* 1/4 * 2^(1/4) */
	const int32_t p = (int32_t)(((int64_t)r + fourth_root_of_half + 1) / 2);
	const int32_t q = 2 * (r - fourth_root_of_half);
	const int32_t square = multiply(q, q);
	const int32_t numerator = multiply(q, r) + multiply(multiply(q, square), alpha_n);
	const int32_t denominator =
		multiply(p, alpha_i + q + multiply(alpha_d, square)) + multiply(alpha_f, q);

	return multiply(mlforge_divide_by_power(numerator, LOG_INTEGER_BITS),
			mlforge_reciprocal_of_one_plus(denominator));
}

int32_t mlforge_log_of_sum(int32_t x)
{
	const int32_t log_of_2 = 1488522236, root_of_half = 1518500250;
	const int32_t quarter = 1 << (LOG_FRACTION_BITS - 2);
	const int32_t zeros = mlforge_leading_zeros((uint32_t)x);
	const int32_t headroom = mlforge_leading_zeros((uint32_t)multiply(x, root_of_half)) - 1;
	/* Two ways to a mantissa and a power of two; the smaller mantissa counts. */
	const int32_t r_a = saturating_shift_left(
		multiply(saturating_shift_left(x, zeros - 1), root_of_half), 1);
	const int32_t r_b = saturating_shift_left(x, headroom);
	const int32_t power_a = (SUM_INTEGER_BITS - zeros) * (1 << LOG_FRACTION_BITS) + quarter;
	const int32_t power_b = (SUM_INTEGER_BITS - headroom) * (1 << LOG_FRACTION_BITS) - quarter;
	const int32_t power = power_a > power_b ? power_a : power_b;
	const int32_t log = multiply(power, log_of_2) + log_near_one(r_a < r_b ? r_a : r_b);

	return saturating_shift_left(log, 1);
}

int32_t mlforge_inverse_square_root(int32_t x, int32_t *right)
{
	const int32_t three_halves = (1 << 28) + (1 << 27), root_of_half = 1518500250;
	int32_t shift = 11, y = 1 << 28;

	*right = 0;
	if (x <= 1) {
		return INT32_MAX;
	}
	while (x >= 1 << 29) {
		x /= 4;
		shift++;
	}
	const int32_t pairs = (mlforge_leading_zeros((uint32_t)x) - 1) / 2 - 1;
	const int32_t half = mlforge_divide_by_power((x << 2 * pairs) >> 1, 0); /* of x, in Q3.28 */

	shift -= pairs;
	for (int32_t i = 0; i < 5; i++) { /* Newton and Raphson: y * (3 - x * y^2) / 2 */
		const int32_t cube = saturating_shift_left(multiply(multiply(y, y), y), 6);

		y = saturating_shift_left(multiply(three_halves, y) - multiply(half, cube), 3);
	}
	y = multiply(y, root_of_half);
	if (shift < 0) {
		return mlforge_shift_left(y, -shift);
	}
	*right = shift;
	return y;
}
