/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of the Fourier transform of 16 bits in MVE's vectors, each with the integers of the
 * scalar code. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_FFT16_VECTORS_H_
#define MLFORGE_FEATURES_FFT16_VECTORS_H_

#include "features/vectors.h"

#if MLFORGE_VECTORS

/* Bits of the largest of `count` samples beside its sign. */
uint32_t mlforge_fft16_scan_vectors(const int16_t *samples, uint32_t count);

/* Pairs `from` to `to`, as mlforge_fft16_load_pairs; returns the first one that is left. */
uint32_t mlforge_fft16_taper_vectors(const int16_t *input, uint32_t *z, uint32_t from, uint32_t to,
				     const uint16_t *weights, int32_t direction, uint32_t right,
				     uint32_t *bits);

/* A multiple of 16 pairs to the places whose numbers have their bits in reverse order. */
void mlforge_fft16_reverse_vectors(uint32_t *z, uint32_t points);

/* Both return the bits of what they make. The pass is one whose span is a multiple of four. */
uint32_t mlforge_fft16_first_of_four_vectors(uint32_t *z, uint32_t points, uint32_t left);
uint32_t mlforge_fft16_pass_vectors(const struct mlforge_fft16 *fft, uint32_t *z, uint32_t span,
				    uint32_t left);

/* Of bins 1 to `pairs`, a multiple of four, and of those opposite; `out` may be `z`. */
void mlforge_fft16_powers_vectors(const struct mlforge_fft16 *fft, const uint32_t *z,
				  uint32_t pairs, uint32_t left, uint32_t *out);

#endif

#endif /* MLFORGE_FEATURES_FFT16_VECTORS_H_ */
