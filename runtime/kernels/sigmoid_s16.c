/* SPDX-License-Identifier: Apache-2.0
 *
 * LOGISTIC and TANH of int16, which interpolate in one table: tanh(x) = 2 logistic(2x) - 1.
 */
#include <stdbool.h>

#include "mlforge/kernels.h"

#define LAST 255 /* of the table */

/* The function at the size of x, of which `bits` bits are behind the point; 16 + bits bits. */
static int32_t interpolated(const uint16_t *table, uint32_t size, uint32_t bits, int32_t saturated)
{
	const uint32_t index = size >> bits;

	if (index >= LAST) {
		return saturated;
	}
	const uint32_t fraction = size & ((1U << bits) - 1U);
	const uint32_t step = (uint32_t)(table[index + 1] - table[index]);

	return (int32_t)(((uint32_t)table[index] << bits) + fraction * step);
}

static int32_t logistic(const uint16_t *table, bool negative, uint32_t size)
{
	const int32_t y = interpolated(table, size, 9, 0x7fff << 10);

	return ((negative ? (1 << 25) - y - 1 : y) + (1 << 9)) >> 10;
}

static int32_t tanh_of(const uint16_t *table, bool negative, uint32_t size)
{
	const int32_t y = interpolated(table, size, 8, 0xffff << 8) - (1 << 23);

	return ((negative ? -y - 1 : y) + (1 << 7)) >> 8;
}

void mlforge_sigmoid_s16(const struct mlforge_sigmoid *op, const void *input, void *output)
{
	const int32_t round = op->shift > 0 ? 1 << (op->shift - 1) : 0;
	const int16_t *from = input;
	int16_t *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		const int32_t x = (from[i] * op->multiplier + round) >> op->shift;
		const uint32_t size = (uint32_t)(x < 0 ? -x : x);

		to[i] = (int16_t)(op->is_tanh ? tanh_of(op->table, x < 0, size) : logistic(op->table, x < 0, size));
	}
}
