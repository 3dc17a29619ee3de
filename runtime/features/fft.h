/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of the Fourier transform, for fft.c. Complex numbers are pairs of int32: real,
 * imaginary.
 */
#ifndef MLFORGE_FEATURES_FFT_H_
#define MLFORGE_FEATURES_FFT_H_

#include "mlforge/pipeline.h"

/* Every pair of samples times the taper, as a complex number, to its bit-reversed place; zeros
 * behind the last sample.
 *
 * fft    the stage's tables
 * input  the first sample of one channel
 * z      int32 [size]: size / 2 complex numbers */
typedef void (*mlforge_fft_load)(const struct mlforge_fft *fft, const void *input, int32_t *z);
void mlforge_fft_load_int16(const struct mlforge_fft *fft, const void *input, int32_t *z);
void mlforge_fft_load_int32(const struct mlforge_fft *fft, const void *input, int32_t *z);

/* size / 2 complex numbers in bit-reversed order to their transform in natural order, in place:
 * four times (or twice, where log2(size) is even: the first pass is of radix 2 then) and in each
 * further pass twice the magnitude at most. */
void mlforge_fft_passes(const struct mlforge_fft *fft, int32_t *z);

/* The transform of the pairs to that of the samples, in place: bin 0 and, in the place of its
 * imaginary part, bin size / 2 (both real), then bins 1 to size / 2 - 1.
 *
 * Returns the bitwise or of all parts' magnitudes. */
uint32_t mlforge_fft_split(const struct mlforge_fft *fft, int32_t *z);

/* Powers of the bins, normalised: (2^shift * |bin|)^2 / 2^32. Writes size / 2 + 1 values from
 * out[0] in steps of `step`; `out` may be `z` with a step of 1. */
void mlforge_fft_powers(const int32_t *z, uint32_t size, uint32_t shift, int32_t *out,
			uint32_t step);

/* Magnitudes of the bins from normalised powers, in place: their square roots * 2^16 / 2^shift. */
void mlforge_fft_magnitudes(int32_t *out, uint32_t count, uint32_t shift, uint32_t step);

#endif /* MLFORGE_FEATURES_FFT_H_ */
