/* SPDX-License-Identifier: Apache-2.0
 *
 * Square roots and logarithms by table and linear interpolation. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_ROOT_H_
#define MLFORGE_FEATURES_ROOT_H_

#include <stdint.h>

/* sqrt(value) * 2^16, below it by at most 2^-12.9 of it; value below 2^32 - 2^26. */
uint32_t mlforge_root_q16(uint32_t value);

/* log2(value) * 2^16, within 13 of it; value above 0. */
int32_t mlforge_log2_q16(uint32_t value);

#endif /* MLFORGE_FEATURES_ROOT_H_ */
