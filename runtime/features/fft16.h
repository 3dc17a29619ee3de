/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the Fourier transform in 16 bits, for fft16.c: complex numbers are pairs of int16
 * (features/pairs.h), and all of a block have one exponent. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_FFT16_H_
#define MLFORGE_FEATURES_FFT16_H_

#include "features/q15.h"
#include "mlforge/pipeline.h"

#define MLFORGE_FFT16_MOST_LEFT 4U /* a pass cannot make a block smaller by more bits */

/* Of values of which each has been or-ed as v ^ v << 1: so many bits beside the sign. */
static inline uint32_t mlforge_significant_bits(uint32_t bits)
{
	return bits == 0 ? 0 : 31U - mlforge_leading_zeros(bits);
}

/* The same of pairs. */
static inline uint32_t mlforge_fft16_bits(uint32_t both)
{
	return mlforge_significant_bits((both | both >> 16) & 0xffffU);
}

/* The left shift that brings the largest of a block of `bits` to 15 bits, or nearly. */
static inline uint32_t mlforge_fft16_left(uint32_t bits)
{
	const uint32_t left = 15U - bits;

	return left < MLFORGE_FFT16_MOST_LEFT ? left : MLFORGE_FFT16_MOST_LEFT;
}

/* The samples of one channel times the taper, as pairs in their order with zeros behind, each
 * shifted left by 15 less the result: the bits of the largest sample beside its sign.
 *
 * z     uint32 [size / 2]; it may be the place of the samples of the only channel
 * bits  set: those of the pairs */
typedef uint32_t (*mlforge_fft16_load)(const struct mlforge_fft16 *fft, const void *input,
				       uint32_t *z, uint32_t *bits);
uint32_t mlforge_fft16_load_int16(const struct mlforge_fft16 *fft, const void *input, uint32_t *z,
				  uint32_t *bits);
uint32_t mlforge_fft16_load_int32(const struct mlforge_fft16 *fft, const void *input, uint32_t *z,
				  uint32_t *bits);

/* size / 2 pairs of `bits` to their transform, in place. Sets its bits, and returns by how many
 * bits it is too small. */
int32_t mlforge_fft16_passes(const struct mlforge_fft16 *fft, uint32_t *z, uint32_t *bits);

/* From the transform of pairs, whose values have `bits`, to the powers of size / 2 + 1 bins: out[0]
 * on in steps of `step`; `out` may be `z` with a step of 1. Returns by how many bits magnitudes are
 * too small. */
int32_t mlforge_fft16_powers(const struct mlforge_fft16 *fft, const uint32_t *z, uint32_t bits,
			     uint32_t *out, uint32_t step);

#endif /* MLFORGE_FEATURES_FFT16_H_ */
