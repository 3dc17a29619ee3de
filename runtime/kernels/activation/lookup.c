/* SPDX-License-Identifier: Apache-2.0
 *
 * Any element-wise function of one int8.
 */
#include "kernels/shared/arithmetic.h"

void mlforge_lookup_s8(const struct mlforge_lookup *op, const int8_t *input, int8_t *output)
{
	const int8_t *middle = op->table + 128;
	const uint32_t count = op->count; /* a copy that stores into the output cannot change */
	uint32_t i = 0;

	for (; i + 4 <= count; i += 4) {
		const int8_t a = middle[input[i]], b = middle[input[i + 1]];
		const int8_t c = middle[input[i + 2]], d = middle[input[i + 3]];

		output[i] = a;
		output[i + 1] = b;
		output[i + 2] = c;
		output[i + 3] = d;
	}
	for (; i < count; i++) {
		output[i] = middle[input[i]];
	}
}
