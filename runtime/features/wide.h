/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers from 0 on of 32 bits and an exponent, in whole numbers: what ratios and roots of sums
 * need that have 64 bits. Each operation is within 2^-31 of its exact value, rounded down, and the
 * same on every core. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_WIDE_H_
#define MLFORGE_FEATURES_WIDE_H_

#include <stdint.h>

#include "features/q15.h"
#include "signal/root64.h"

/* mantissa * 2^exponent; mantissa is 0 or has its highest bit set. */
struct mlforge_wide {
	uint32_t mantissa;
	int32_t exponent;
};

/* value * 2^exponent */
static inline struct mlforge_wide mlforge_wide_of(uint64_t value, int32_t exponent)
{
	const uint32_t high = (uint32_t)(value >> 32);
	struct mlforge_wide made = {0, 0};

	if (high != 0) {
		const uint32_t right = 32U - mlforge_leading_zeros(high);

		made.mantissa = (uint32_t)(value >> right);
		made.exponent = exponent + (int32_t)right;
	} else if (value != 0) {
		const uint32_t left = mlforge_leading_zeros((uint32_t)value);

		made.mantissa = (uint32_t)value << left;
		made.exponent = exponent - (int32_t)left;
	}
	return made;
}

static inline struct mlforge_wide mlforge_wide_times(struct mlforge_wide a, struct mlforge_wide b)
{
	return mlforge_wide_of((uint64_t)a.mantissa * b.mantissa, a.exponent + b.exponent);
}

/* 0 where b is. */
static inline struct mlforge_wide mlforge_wide_over(struct mlforge_wide a, struct mlforge_wide b)
{
	if (b.mantissa == 0) {
		return b;
	}
	return mlforge_wide_of(((uint64_t)a.mantissa << 32) / b.mantissa,
			       a.exponent - b.exponent - 32);
}

static inline struct mlforge_wide mlforge_wide_root(struct mlforge_wide a)
{
	const int32_t odd = a.exponent & 1;

	return mlforge_wide_of(mlforge_root_u64(((uint64_t)a.mantissa << 32) >> odd),
			       (a.exponent + odd - 32) / 2);
}

/* a * 2^bits to nearest, saturated. */
static inline int32_t mlforge_wide_fixed(struct mlforge_wide a, int32_t bits)
{
	const int32_t right = -(a.exponent + bits);

	if (a.mantissa == 0 || right > 32) {
		return 0;
	}
	if (right <= 0) {
		return INT32_MAX;
	}
	const uint64_t made = ((uint64_t)a.mantissa + ((uint64_t)1 << (right - 1))) >> right;

	return made > INT32_MAX ? INT32_MAX : (int32_t)made;
}

#endif /* MLFORGE_FEATURES_WIDE_H_ */
