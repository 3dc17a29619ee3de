/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of products of int16 and int8, and how they become int16. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_CHANNELS_S16_H_
#define MLFORGE_KERNELS_CHANNELS_S16_H_

#include <stddef.h>

#include "arithmetic.h"
#include "kernels/dsp/dsp.h"

/* So many products, each of at most 2^22, fit 32 bits together. */
#define MLFORGE_PRODUCTS_IN_32_BITS 508

#if MLFORGE_DSP

/* Four products, of which each instruction makes two. */
static inline int32_t mlforge_four_products_s16(const int16_t *x, const int8_t *w, int32_t sum)
{
	const uint32_t first = mlforge_load_word((const int8_t *)x);
	const uint32_t second = mlforge_load_word((const int8_t *)(x + 2));
	const uint32_t weights = mlforge_load_word(w);

	sum = mlforge_smlad(mlforge_pkhbt(first, second), mlforge_even_bytes(weights), sum);
	return mlforge_smlad(mlforge_pkhtb(first, second), mlforge_odd_bytes(weights), sum);
}

#else

static inline int32_t mlforge_four_products_s16(const int16_t *x, const int8_t *w, int32_t sum)
{
	return sum + x[0] * w[0] + x[1] * w[1] + x[2] * w[2] + x[3] * w[3];
}

#endif

/* sum + the sum over k < size of x[k] * w[k] */
static inline int64_t mlforge_dot_s16(const int16_t *x, const int8_t *w, int32_t size, int64_t sum)
{
	while (size > 0) {
		const int32_t run =
			size < MLFORGE_PRODUCTS_IN_32_BITS ? size : MLFORGE_PRODUCTS_IN_32_BITS;
		const int16_t *const end = x + run, *const whole = x + (run & ~3);
		int32_t part = 0;

		while (x != whole) {
			part = mlforge_four_products_s16(x, w, part);
			x += 4;
			w += 4;
		}
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

	if (channels->wide && sum == (int32_t)sum && shift > 16 && shift <= 32) {
		/* Both sides by 2^(32 - shift): the upper word of a product is what is wanted. */
		const int64_t product = (int64_t)(int32_t)sum * (multiplier << (32 - shift));

		y = (int32_t)((product + ((int64_t)1 << 31)) >> 32);
	} else if (channels->wide) {
		y = (int32_t)((sum * multiplier + ((int64_t)1 << (shift - 1))) >> shift);
	} else if (sum == (int32_t)sum) {
		y = mlforge_requantise((int32_t)sum, multiplier, shift);
	} else {
		y = mlforge_requantise_wide(sum, multiplier, shift);
	}
	return (int16_t)mlforge_clamp(y, channels->low, channels->high);
}

#endif /* MLFORGE_KERNELS_CHANNELS_S16_H_ */
