/* SPDX-License-Identifier: Apache-2.0
 *
 * Two products in one multiplication, for cores without instructions for pairs. Private to
 * runtime/kernels.
 *
 * A packed value x0 + 2^16 x1 holds the same element of the windows of two pixels. A sum of w *
 * packed has the two pixels' sums of products in its halves, as long as the lower one stays within
 * 16 bits. So the sum is taken over blocks of elements, so few that it does (the compiler has made
 * sure: see compiler/ops/by_isa/packed.py), and each block starts with 2^15 in both halves, so that
 * they never are negative. Of all blocks, `total` is the sum modulo 2^32, and `upper` that of the
 * upper halves, exactly. What is left for the lower halves is then exact, too: total - 2^16 upper.
 */
#ifndef MLFORGE_KERNELS_PACKED_H_
#define MLFORGE_KERNELS_PACKED_H_

#include <stdint.h>

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/window.h"

#define MLFORGE_PACKED_START  0x80008000U /* 2^15 in both halves */
#define MLFORGE_PACKED_PIXELS 4           /* two pairs */

/* The sums of all blocks for two pairs of pixels. */
struct mlforge_packed_sums {
	uint32_t total[2];
	uint32_t upper[2];
};

/* Where the next output pixel is. */
struct mlforge_packed_walk {
	const struct mlforge_packed_conv_2d *op;
	const int8_t *input;
	int8_t *spare; /* five runs of bytes: of padding, and of each pixel at the border */
	int32_t y;
	int32_t x;
	int32_t left; /* pixels yet to come */
};

struct mlforge_packed_walk mlforge_packed_start(const struct mlforge_packed_conv_2d *op,
						const int8_t *input, int8_t *spare);

/* The windows of the next four pixels as op->depth times two packed values. Where fewer are left,
 * the last one stands for those that are missing. Returns how many there are. */
int32_t mlforge_packed_next(struct mlforge_packed_walk *walk, uint32_t *to);

/* For operators that clamp to less than all of int8. */
void mlforge_packed_clamp(const struct mlforge_packed_conv_2d *op, int8_t *output);

/* Where results go: those of one channel for four pixels. */
struct mlforge_packed_places {
	int32_t offset[MLFORGE_PACKED_PIXELS];
};

/* For `count` pixels side by side; what stands for a missing one has the place of the last. */
static inline struct mlforge_packed_places mlforge_packed_places(int32_t count, int32_t channels)
{
	struct mlforge_packed_places places;

	for (int32_t i = 0; i < MLFORGE_PACKED_PIXELS; i++) {
		places.offset[i] = (i < count ? i : count - 1) * channels;
	}
	return places;
}

/* a * M / 2^31, rounded to nearest, halves up, for |a| < 2^29 and `factor` = 2 M in [2^31, 2^32).
 */
static inline int32_t mlforge_packed_multiply_high(int32_t a, uint32_t factor)
{
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
	/* No long multiplication: by halves, that of `a` to the right taken as signed so that no
	 * sum overflows. */
	const int32_t b_low = (int32_t)(factor >> 1 & 0xffffU);
	const int32_t b_high = (int32_t)(factor >> 17);
	const int32_t a_low = (int16_t)a;
	const int32_t a_high = (a - a_low) >> 16;
	const int32_t middle =
		a_high * b_low + a_low * b_high + ((a_low * b_low) >> 16) + (1 << 14);

	return 2 * (a_high * b_high) + (middle >> 15);
#else
	/* As a number with a sign, the factor is 2^32 less, which the upper word of the product
	 * makes up for by `a`. */
	const int64_t product = (int64_t)a * (int32_t)factor;

	return (int32_t)(product >> 32) + a + (int32_t)((uint32_t)product >> 31);
#endif
}

/* `rounding` = (2 zero_point + 1) 2^(exponent - 1) */
static inline int8_t mlforge_packed_finish(uint32_t sum, uint32_t factor, int32_t exponent,
					   int32_t rounding)
{
	const int32_t y = mlforge_packed_multiply_high((int32_t)sum, factor);
	int32_t result = (y + (y >> 31) + rounding) >> exponent;

#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT && defined(__GNUC__)
	__asm__("ssat %0, #8, %0" : "+r"(result));
	return (int8_t)result;
#else
	return (int8_t)mlforge_clamp(result, INT8_MIN, INT8_MAX);
#endif
}

/* From sums, with the bias in them, to the results of one channel at `output`. */
static inline void mlforge_packed_store(const struct mlforge_packed_sums *sums, uint32_t factor,
					int32_t exponent, int32_t rounding,
					const struct mlforge_packed_places *places, int8_t *output)
{
	const uint32_t lower0 = sums->total[0] - (sums->upper[0] << 16);
	const uint32_t lower1 = sums->total[1] - (sums->upper[1] << 16);

	output[0] = mlforge_packed_finish(lower0, factor, exponent, rounding);
	output[places->offset[1]] =
		mlforge_packed_finish(sums->upper[0], factor, exponent, rounding);
	output[places->offset[2]] = mlforge_packed_finish(lower1, factor, exponent, rounding);
	output[places->offset[3]] =
		mlforge_packed_finish(sums->upper[1], factor, exponent, rounding);
}

#endif /* MLFORGE_KERNELS_PACKED_H_ */
