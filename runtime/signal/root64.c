/* SPDX-License-Identifier: Apache-2.0
 *
 * Square roots, two bits of the argument a step: the root grows by one bit where the rest allows
 * it.
 */
#include "signal/root64.h"

uint32_t mlforge_root_u64(uint64_t value)
{
	uint64_t root = 0;
	uint64_t bit = (uint64_t)1 << 62;

	while (bit > value) {
		bit >>= 2;
	}
	for (; bit != 0; bit >>= 2) {
		if (value >= root + bit) {
			value -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return (uint32_t)root;
}
