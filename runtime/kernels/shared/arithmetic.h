/* SPDX-License-Identifier: Apache-2.0
 *
 * The fixed-point arithmetic that all kernels share. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_ARITHMETIC_H_
#define MLFORGE_KERNELS_ARITHMETIC_H_

#include <stdint.h>

#include "mlforge/kernels.h"

/* mlforge_multiply_high where there is no long multiplication: from the products of halves, the
 * lower half of `a` taken with a sign so that each fits. The sum of the three in the middle may
 * not, so that its upper bits and its lower 15 are added separately. */
static inline int32_t mlforge_multiply_high_by_halves(int32_t a, int32_t b)
{
	const int32_t a_low = (int16_t)a;
	const int32_t a_high = (a >> 16) + (a_low < 0);
	const int32_t b_low = b & 0xffff;
	const int32_t b_high = b >> 16;
	const int32_t x = a_high * b_low;
	const int32_t y = a_low * b_high;
	const int32_t z = ((a_low * b_low) >> 16) + (1 << 14);
	const int32_t lower = (x & 0x7fff) + (y & 0x7fff) + z;

	return (int32_t)(2U * (uint32_t)(a_high * b_high) +
			 (uint32_t)((x >> 15) + (y >> 15) + (lower >> 15)));
}

/* a * b / 2^31, rounded to nearest, halves away from minus infinity. The reference calls it
 * SaturatingRoundingDoublingHighMul; it rounds by the sign and divides towards zero, which is the
 * same as this. It saturates only for a = b = -2^31, and multipliers are never negative. */
static inline int32_t mlforge_multiply_high(int32_t a, int32_t b)
{
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
	return mlforge_multiply_high_by_halves(a, b);
#else
	return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
#endif
}

/* x / 2^(shift + 1), rounded to nearest, halves away from zero; shift in 0..30. x is not -2^31. The
 * reference calls it RoundingDivideByPOT. */
static inline int32_t mlforge_divide_by_power(int32_t x, int32_t shift)
{
	x += x >> 31;
	return ((x >> shift) + 1) >> 1;
}

/* x * 2^shift, modulo 2^32. */
static inline int32_t mlforge_shift_left(int32_t x, int32_t shift)
{
	return (int32_t)((uint32_t)x << shift);
}

/* See the head of mlforge/kernels.h for `shift`. */
static inline int32_t mlforge_requantise(int32_t x, int32_t multiplier, int32_t shift)
{
	if (shift < 0) {
		return mlforge_multiply_high(mlforge_shift_left(x, -1 - shift), multiplier);
	}
	return mlforge_divide_by_power(mlforge_multiply_high(x, multiplier), shift);
}

static inline int32_t mlforge_clamp(int32_t x, int32_t low, int32_t high)
{
	x = x < low ? low : x;
	return x > high ? high : x;
}

/* sum / count, halves rounded away from zero: what an average is. */
static inline int32_t mlforge_rounded_quotient(int32_t sum, int32_t count)
{
	return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

/* mlforge_finish for the rare cases that `shift` marks. */
int8_t mlforge_requantise_slow_path(int32_t accumulator, int32_t multiplier, int32_t shift,
				    const struct mlforge_output_stage *stage);

/* The common case: a shift to the right, and all of int8 for the result. */
static inline int8_t mlforge_finish_common(int32_t accumulator, int32_t multiplier, int32_t shift,
					   int32_t zero_point)
{
	const int32_t y =
		mlforge_divide_by_power(mlforge_multiply_high(accumulator, multiplier), shift);

	return (int8_t)mlforge_clamp(y + zero_point, INT8_MIN, INT8_MAX);
}

/* From an accumulator to an int8 result. */
static inline int8_t mlforge_finish(int32_t accumulator, int32_t multiplier, int32_t shift,
				    const struct mlforge_output_stage *stage)
{
	if (shift < 0) {
		return mlforge_requantise_slow_path(accumulator, multiplier, shift, stage);
	}
	return mlforge_finish_common(accumulator, multiplier, shift, stage->zero_point);
}

/* Two accumulators of the same channel, which share the loads and the choice of path. */
static inline void mlforge_finish_pair(int32_t first, int32_t second, int32_t multiplier,
				       int32_t shift, const struct mlforge_output_stage *stage,
				       int8_t *to_first, int8_t *to_second)
{
	const int32_t zero_point = stage->zero_point;

	if (shift < 0) {
		*to_first = mlforge_requantise_slow_path(first, multiplier, shift, stage);
		*to_second = mlforge_requantise_slow_path(second, multiplier, shift, stage);
		return;
	}
	*to_first = mlforge_finish_common(first, multiplier, shift, zero_point);
	*to_second = mlforge_finish_common(second, multiplier, shift, zero_point);
}

/* accumulator + a * b, modulo 2^32. */
static inline int32_t mlforge_accumulate(int32_t accumulator, int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)accumulator + (uint32_t)(a * b));
}

#endif /* MLFORGE_KERNELS_ARITHMETIC_H_ */
