/* SPDX-License-Identifier: Apache-2.0
 *
 * From the transform of pairs of samples to the powers of that of the samples, halved: X[k] =
 * E[k] + W^k O[k] (see fft_split.c). With D = Z[k] - conj Z[M - k] = 2 i O, bins k and M - k have
 * the magnitudes of E - i V and E + i V, V = W^k D / 2. Where all parts of Z are within 2^15, those
 * of their halves are, too: |E|^2 + |O|^2 is the mean of both |Z|^2.
 */
#include "features/fft16.h"
#include "features/fft16_vectors.h"
#include "features/pairs.h"

int32_t mlforge_fft16_powers(const struct mlforge_fft16 *fft, const uint32_t *z, uint32_t bits,
			     uint32_t *out, uint32_t step)
{
	const uint32_t half = fft->size / 2U;
	const uint32_t left = mlforge_fft16_left(bits);
	const struct mlforge_pair_shift shift = mlforge_pair_shift_by(left);
	const uint32_t *factors = &fft->rotations[1];
	const uint32_t first = mlforge_pair_shifted(z[0], shift);
	/* An even number of samples of opposite signs: it is not halved as the others are, but by
	 * its parts. */
	const int32_t none = (mlforge_pair_low(first) + mlforge_pair_high(first)) >> 1;
	const int32_t last = (mlforge_pair_low(first) - mlforge_pair_high(first)) >> 1;
	const uint32_t middle = mlforge_pair_half_sum(mlforge_pair_shifted(z[half / 2U], shift), 0);
	const uint32_t *up = &z[1];
	const uint32_t *down = &z[half - 1U];
	uint32_t *low = &out[step];
	uint32_t *high = &out[(half - 1U) * step];

	out[0] = (uint32_t)(none * none);
	out[half * step] = (uint32_t)(last * last);
	out[half / 2U * step] = mlforge_pair_power(middle);
#if MLFORGE_VECTORS
	if (step == 1) {
		const uint32_t pairs = (half / 2U - 1U) & ~3U;

		mlforge_fft16_powers_vectors(fft, z, pairs, left, out);
		up += pairs;
		down -= pairs;
		low += pairs;
		high -= pairs;
		factors += pairs;
	}
#endif
	for (; up < down; low += step, high -= step) {
		const uint32_t a = mlforge_pair_shifted(*up++, shift);
		const uint32_t b = mlforge_pair_shifted(*down--, shift);
		const uint32_t exchanged = b << 16 | b >> 16;
		const uint32_t even =
			mlforge_pair_half_sum(mlforge_pair_half_minus_i(a, exchanged), 0);
		const uint32_t turned =
			mlforge_pair_rotated(mlforge_pair_half_plus_i(a, exchanged), *factors++);

		*low = mlforge_pair_power(mlforge_pair_minus_i(even, turned));
		*high = mlforge_pair_power(mlforge_pair_plus_i(even, turned));
	}
	return 1 - (int32_t)left;
}
