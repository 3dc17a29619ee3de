/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The arithmetic of the feature stages: 64-bit products, one rounding rule, saturation.
 *
 * Exact on every core.
 */
#ifndef MLFORGE_FIXED_POINT_H_
#define MLFORGE_FIXED_POINT_H_

#include <stdint.h>

/**
 * @brief A value held to the range of int32.
 */
static inline int32_t mlforge_saturate_i32(int64_t value)
{
	return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : (int32_t)value;
}

/**
 * @brief a - b, saturated.
 *
 * In 32 bits: it overflowed where the signs of a and b differ, and those of a and the result.
 */
static inline int32_t mlforge_subtract_i32(int32_t a, int32_t b)
{
	const int32_t wrapped = (int32_t)((uint32_t)a - (uint32_t)b);

	if (((a ^ b) & (a ^ wrapped)) < 0) {
		return a < 0 ? INT32_MIN : INT32_MAX;
	}
	return wrapped;
}

/**
 * @brief value * multiplier / 2^shift, rounded to nearest with ties away from zero, saturated to
 * int32. 0 <= multiplier < 2^31, 1 <= shift <= 62: then |product| <= 2^62, and adding half stays
 * below 2^63.
 *
 * Right shifts of negative values keep the sign, as with every compiler for these cores.
 */
static inline int32_t mlforge_scale_i32(int32_t value, int32_t multiplier, uint8_t shift)
{
	int64_t product = (int64_t)value * multiplier;

	product +=
		product >> 63; /* one less where negative: then half rounds ties away from zero */
	if (shift > 32) {
		/* Half has no bits in the lower word, which therefore cannot carry; the result
		 * fits. The usual case. */
		const int32_t high = (int32_t)(product >> 32);

		return (high + ((int32_t)1 << (shift - 33))) >> (shift - 32);
	}
	return mlforge_saturate_i32((product + ((int64_t)1 << (shift - 1))) >> shift);
}

#endif /* MLFORGE_FIXED_POINT_H_ */
