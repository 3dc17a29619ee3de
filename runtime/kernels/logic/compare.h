/* SPDX-License-Identifier: Apache-2.0
 *
 * What a relation is true for. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_COMPARE_H_
#define MLFORGE_KERNELS_COMPARE_H_

#include <stdint.h>

/* Whether a and b are in `relation`, a sum of MLFORGE_IF_... */
static inline int8_t mlforge_holds(uint32_t relation, int32_t a, int32_t b)
{
	return (int8_t)(relation >> (1 + (a > b) - (a < b)) & 1);
}

#endif /* MLFORGE_KERNELS_COMPARE_H_ */
