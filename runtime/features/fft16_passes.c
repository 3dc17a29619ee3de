/* SPDX-License-Identifier: Apache-2.0
 *
 * Decimation in time, radix 4, in place, as fft_passes.c, with a block's exponent (Oppenheim and
 * Weinstein 1972): each pass takes values of up to 15 bits, brought there by a left shift of what
 * the pass before has left free, and makes an eighth of what would grow fourfold: sums by halves,
 * rotations by Q14. No part can overflow, whatever the data: a rotated number has half the
 * magnitude, at most sqrt(1 / 2), and all that follows are halves of sums.
 *
 * Halves that are rounded down are too small by 1/4 on average, in every number of the block, and
 * the passes behind would add that up in the lowest bins. So each first number of four is larger by
 * about what its four results lack.
 */
#include "features/fft16.h"
#include "features/fft16_vectors.h"
#include "features/pairs.h"

#define MLFORGE_FFT16_ONES    0x00010001U /* makes a half one to nearest */
#define MLFORGE_FFT16_LACKING 0x00040004U

#if !MLFORGE_VECTORS

/* Pairs to the places whose numbers have their bits in reverse order. */
static void mlforge_fft16_reverse(uint32_t *z, uint32_t points)
{
	uint32_t reversed = 0;

	for (uint32_t i = 1; i < points; i++) {
		uint32_t bit = points / 2U;

		while (reversed & bit) {
			reversed ^= bit;
			bit >>= 1;
		}
		reversed |= bit;
		if (i < reversed) {
			const uint32_t kept = z[i];

			z[i] = z[reversed];
			z[reversed] = kept;
		}
	}
}

#endif

/* A quarter of the transform of four values in the order 0, 2, 1, 3, `span` apart; returns their
 * bits. */
static inline uint32_t mlforge_fft16_butterfly(uint32_t *z, uint32_t span, uint32_t z0, uint32_t z2,
					       uint32_t z1, uint32_t z3)
{
	const uint32_t even = mlforge_pair_half_sum(z0, z2);
	const uint32_t even_difference = mlforge_pair_half_difference(z0, z2);
	const uint32_t odd = mlforge_pair_half_sum(z1, z3);
	const uint32_t odd_difference = mlforge_pair_half_difference(z1, z3);
	const uint32_t made[] = {
		mlforge_pair_half_sum(even, odd),
		mlforge_pair_half_minus_i(even_difference, odd_difference),
		mlforge_pair_half_difference(even, odd),
		mlforge_pair_half_plus_i(even_difference, odd_difference),
	};

	z[0] = made[0];
	z[span] = made[1];
	z[2U * span] = made[2];
	z[3U * span] = made[3];
	return mlforge_pair_unlike(made[0]) | mlforge_pair_unlike(made[1]) |
	       mlforge_pair_unlike(made[2]) | mlforge_pair_unlike(made[3]);
}

/* A left shift, and half of it. */
static inline uint32_t mlforge_fft16_half(uint32_t a, struct mlforge_pair_shift shift, uint32_t add)
{
	return mlforge_pair_half_sum(mlforge_pair_shifted(a, shift), add);
}

#if !MLFORGE_VECTORS

static uint32_t mlforge_fft16_first_of_four(uint32_t *z, uint32_t points, uint32_t left)
{
	const struct mlforge_pair_shift shift = mlforge_pair_shift_by(left);
	uint32_t bits = 0;

	for (const uint32_t *end = z + points; z != end; z += 4) {
		bits |= mlforge_fft16_butterfly(
			z, 1, mlforge_fft16_half(z[0], shift, MLFORGE_FFT16_LACKING),
			mlforge_fft16_half(z[1], shift, MLFORGE_FFT16_ONES),
			mlforge_fft16_half(z[2], shift, MLFORGE_FFT16_ONES),
			mlforge_fft16_half(z[3], shift, MLFORGE_FFT16_ONES));
	}
	return bits;
}

#endif

static uint32_t mlforge_fft16_first_of_two(uint32_t *z, uint32_t points, uint32_t left)
{
	const struct mlforge_pair_shift shift = mlforge_pair_shift_by(left);
	uint32_t bits = 0;

	for (const uint32_t *end = z + points; z != end; z += 2) {
		const uint32_t a = mlforge_fft16_half(z[0], shift, MLFORGE_FFT16_ONES);
		const uint32_t b = mlforge_fft16_half(z[1], shift, MLFORGE_FFT16_ONES);

		z[0] = mlforge_pair_half_sum(a, b);
		z[1] = mlforge_pair_half_difference(a, b);
		bits |= mlforge_pair_unlike(z[0]) | mlforge_pair_unlike(z[1]);
	}
	return bits;
}

static uint32_t mlforge_fft16_pass(const struct mlforge_fft16 *fft, uint32_t *z, uint32_t span,
				   uint32_t left)
{
	const uint32_t points = fft->size / 2U;
	const uint32_t step = points / (4U * span);
	const struct mlforge_pair_shift shift = mlforge_pair_shift_by(left);
	const uint32_t *single = fft->rotations;
	const uint32_t *others = fft->factors;
	uint32_t bits = 0;

	for (uint32_t i = 0; i < span; i++, single += 2U * step, others += 2U * step) {
		const uint32_t one = single[0];
		const uint32_t two = others[0];
		const uint32_t three = others[1];

		for (uint32_t *at = &z[i]; at < &z[points]; at += 4U * span) {
			const uint32_t z2 = mlforge_pair_shifted(at[span], shift);
			const uint32_t z1 = mlforge_pair_shifted(at[2U * span], shift);
			const uint32_t z3 = mlforge_pair_shifted(at[3U * span], shift);

			bits |= mlforge_fft16_butterfly(
				at, span, mlforge_fft16_half(at[0], shift, MLFORGE_FFT16_LACKING),
				mlforge_pair_rotated(z2, two), mlforge_pair_rotated(z1, one),
				mlforge_pair_rotated(z3, three));
		}
	}
	return bits;
}

int32_t mlforge_fft16_passes(const struct mlforge_fft16 *fft, uint32_t *z, uint32_t *bits)
{
	const uint32_t points = fft->size / 2U;
	uint32_t span = fft->first;
	uint32_t left = mlforge_fft16_left(*bits);
	int32_t shift = (span == 4 ? 3 : 2) - (int32_t)left;

#if MLFORGE_VECTORS
	mlforge_fft16_reverse_vectors(z, points);
	if (span == 4) {
		*bits = mlforge_fft16_first_of_four_vectors(z, points, left);
	} else {
		*bits = mlforge_fft16_bits(mlforge_fft16_first_of_two(z, points, left));
	}
#else
	mlforge_fft16_reverse(z, points);
	*bits = mlforge_fft16_bits(span == 4 ? mlforge_fft16_first_of_four(z, points, left)
					     : mlforge_fft16_first_of_two(z, points, left));
#endif
	for (; span < points; span *= 4U) {
		left = mlforge_fft16_left(*bits);
#if MLFORGE_VECTORS
		if (span >= 4) {
			*bits = mlforge_fft16_pass_vectors(fft, z, span, left);
		} else {
			*bits = mlforge_fft16_bits(mlforge_fft16_pass(fft, z, span, left));
		}
#else
		*bits = mlforge_fft16_bits(mlforge_fft16_pass(fft, z, span, left));
#endif
		shift += 3 - (int32_t)left;
	}
	return shift;
}
