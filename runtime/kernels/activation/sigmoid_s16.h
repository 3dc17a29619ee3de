/* SPDX-License-Identifier: Apache-2.0
 *
 * Logistic and tanh of one int16, which interpolate in one table: tanh(x) = 2 logistic(2x) - 1.
 * Private to runtime/kernels. Arguments count 24 * 512ths (of tanh, whose argument is doubled, 24 *
 * 256ths), results 2^-15; `table` is logistic(i / 24) in Q0.16.
 */
#ifndef MLFORGE_KERNELS_SIGMOID_S16_H_
#define MLFORGE_KERNELS_SIGMOID_S16_H_

#include <stdint.h>

#define MLFORGE_SIGMOID_LAST 255 /* of the table */

/* The function at the size of x, of which `bits` bits are behind the point; 16 + bits bits. */
static inline int32_t mlforge_sigmoid_interpolated(const uint16_t *table, uint32_t size,
						   uint32_t bits, int32_t saturated)
{
	const uint32_t index = size >> bits;

	if (index >= MLFORGE_SIGMOID_LAST) {
		return saturated;
	}
	const uint32_t fraction = size & ((1U << bits) - 1U);
	const uint32_t step = (uint32_t)(table[index + 1] - table[index]);

	return (int32_t)(((uint32_t)table[index] << bits) + fraction * step);
}

static inline int32_t mlforge_logistic_of(const uint16_t *table, int32_t x)
{
	const int32_t y =
		mlforge_sigmoid_interpolated(table, (uint32_t)(x < 0 ? -x : x), 9, 0x7fff << 10);

	return ((x < 0 ? (1 << 25) - y - 1 : y) + (1 << 9)) >> 10;
}

static inline int32_t mlforge_tanh_of(const uint16_t *table, int32_t x)
{
	const int32_t y =
		mlforge_sigmoid_interpolated(table, (uint32_t)(x < 0 ? -x : x), 8, 0xffff << 8) -
		(1 << 23);

	return ((x < 0 ? -y - 1 : y) + (1 << 7)) >> 8;
}

/* value * multiplier / 2^shift, halves upwards; |value * multiplier| < 2^30 where shift > 0. */
static inline int32_t mlforge_sigmoid_argument(int32_t value, int32_t multiplier, int32_t shift)
{
	return (value * multiplier + (shift > 0 ? 1 << (shift - 1) : 0)) >> shift;
}

#endif /* MLFORGE_KERNELS_SIGMOID_S16_H_ */
