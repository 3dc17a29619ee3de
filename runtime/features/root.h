/* SPDX-License-Identifier: Apache-2.0
 *
 * Square roots and logarithms by table and linear interpolation. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_ROOT_H_
#define MLFORGE_FEATURES_ROOT_H_

#include <stdint.h>

#include "features/q15.h"

/* sqrt(value) * 2^16, below it by at most 2^-12.9 of it; value below 2^32 - 2^26. */
uint32_t mlforge_root_q16(uint32_t value);

/* log2(1 + i / 32) * 2^16 for i = 0 to 32 */
extern const uint16_t mlforge_logarithms[33];

/* Between from[0] and from[1], at fraction / 2^16. */
static inline uint32_t mlforge_between(const uint16_t *from, uint32_t fraction)
{
	return from[0] + (((uint32_t)from[1] - from[0]) * fraction >> 16);
}

/* log2(value) * 2^16, within 13 of it; value above 0. */
static inline int32_t mlforge_log2_q16(uint32_t value)
{
	const uint32_t zeros = mlforge_leading_zeros(value);

	value <<= zeros;
	return (int32_t)(((31U - zeros) << 16) +
			 mlforge_between(&mlforge_logarithms[(value >> 26) & 31U],
					 (value >> 10) & 0xffffU));
}

#endif /* MLFORGE_FEATURES_ROOT_H_ */
