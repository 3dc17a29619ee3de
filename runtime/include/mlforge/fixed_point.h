/* SPDX-License-Identifier: Apache-2.0
 *
 * The arithmetic of the feature stages: 64-bit products, one rounding rule, saturation. Exact on every core.
 */
#ifndef MLFORGE_FIXED_POINT_H_
#define MLFORGE_FIXED_POINT_H_

#include <stdint.h>

/* value * multiplier / 2^shift, rounded to nearest with ties away from zero, saturated to int32.
 * |value| < 2^32, 0 <= multiplier < 2^31, 1 <= shift <= 62: then |product| < 2^63, and adding half stays below 2^64. */
static inline int32_t mlforge_scale_i32(int64_t value, int32_t multiplier, uint8_t shift)
{
	const int64_t product = value * multiplier;
	const uint64_t magnitude = product < 0 ? (uint64_t)0 - (uint64_t)product : (uint64_t)product;
	const uint64_t rounded = (magnitude + ((uint64_t)1 << (shift - 1))) >> shift;

	if (product < 0) {
		return rounded > (uint64_t)INT32_MAX ? INT32_MIN : -(int32_t)rounded;
	}
	return rounded > (uint64_t)INT32_MAX ? INT32_MAX : (int32_t)rounded;
}

#endif /* MLFORGE_FIXED_POINT_H_ */
