/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of products of int16 and int8, and how they become int16. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_CHANNELS_S16_H_
#define MLFORGE_KERNELS_CHANNELS_S16_H_

#include <stddef.h>

#include "arithmetic.h"

/* So many products, each of at most 2^22, fit 32 bits together. */
#define MLFORGE_PRODUCTS_IN_32_BITS 511

/* sum + the sum over k < size of x[k] * w[k] */
static inline int64_t mlforge_dot_s16(const int16_t *x, const int8_t *w, int32_t size, int64_t sum)
{
	while (size > 0) {
		const int32_t run =
			size < MLFORGE_PRODUCTS_IN_32_BITS ? size : MLFORGE_PRODUCTS_IN_32_BITS;
		const int16_t *const end = x + run;
		int32_t part = 0;

		while (x != end) {
			part += *x++ * *w++;
		}
		sum += part;
		size -= run;
	}
	return sum;
}

static inline int64_t mlforge_bias_s16(const struct mlforge_channels_s16 *channels, int32_t c)
{
	if (channels->bias != NULL) {
		return channels->bias[c];
	}
	return channels->wide_bias != NULL ? channels->wide_bias[c] : 0;
}

/* mlforge_requantise for what 32 bits do not hold, rounded once with a multiplier of 15 bits, and
 * clamped to int16. */
int32_t mlforge_requantise_wide(int64_t sum, int32_t multiplier, int32_t shift);

/* From the accumulator of channel c to a result. */
static inline int16_t mlforge_finish_channel_s16(const struct mlforge_channels_s16 *channels,
						 int64_t sum, int32_t c)
{
	const int32_t multiplier = channels->multiplier[c * channels->step];
	const int32_t shift = channels->shift[c * channels->step];
	int32_t y;

	if (channels->wide) {
		y = (int32_t)((sum * multiplier + ((int64_t)1 << (shift - 1))) >> shift);
	} else if (sum == (int32_t)sum) {
		y = mlforge_requantise((int32_t)sum, multiplier, shift);
	} else {
		y = mlforge_requantise_wide(sum, multiplier, shift);
	}
	return (int16_t)mlforge_clamp(y, channels->low, channels->high);
}

#endif /* MLFORGE_KERNELS_CHANNELS_S16_H_ */
