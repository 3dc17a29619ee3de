/* SPDX-License-Identifier: Apache-2.0
 *
 * From the transform of pairs of samples to that of the samples: X[k] = E[k] + W^k O[k], where E
 * and O are the transforms of the even and odd samples, and W = exp(-2 pi i / size).
 */
#include "features/fft.h"
#include "features/q15.h"
#include "features/vectors.h"

static inline uint32_t mlforge_fft_magnitude(int32_t value)
{
	return (uint32_t)(value < 0 ? -value : value);
}

uint32_t mlforge_fft_split(const struct mlforge_fft *fft, int32_t *z)
{
	const uint32_t half = fft->size / 2U;
	const int32_t re = z[0];
	const int32_t im = z[1];
	const int32_t middle = -z[half + 1U];
	const uint32_t *factors = fft->rotations;
	int32_t *up = &z[2];
	int32_t *down = &z[fft->size - 2U];
	uint32_t bits;

	z[0] = re + im;
	z[1] = re - im;
	z[half + 1U] = middle;
	bits = mlforge_fft_magnitude(z[0]) | mlforge_fft_magnitude(z[1]) |
	       mlforge_fft_magnitude(z[half]) | mlforge_fft_magnitude(middle);
#if MLFORGE_VECTORS
	const uint32_t pairs = (fft->size / 4U - 1U) & ~3U;

	bits |= mlforge_split_vectors(fft, z, pairs);
	up += 2U * pairs;
	down -= 2U * pairs;
	factors += pairs;
#endif
	for (; up < down; up += 2, down -= 2) {
		const uint32_t factor = *factors++;
		const int32_t even_re = (up[0] + down[0]) >> 1;
		const int32_t even_im = (up[1] - down[1]) >> 1;
		const int32_t odd_re = up[1] + down[1];
		const int32_t odd_im = down[0] - up[0];
		const int32_t turned_re =
			mlforge_add_times_high(mlforge_times_low(odd_re, factor), odd_im, factor);
		const int32_t turned_im =
			mlforge_times_low(odd_im, factor) - mlforge_times_high(odd_re, factor);

		up[0] = even_re + turned_re;
		up[1] = even_im + turned_im;
		down[0] = even_re - turned_re;
		down[1] = turned_im - even_im;
		bits |= mlforge_fft_magnitude(up[0]) | mlforge_fft_magnitude(up[1]);
		bits |= mlforge_fft_magnitude(down[0]) | mlforge_fft_magnitude(down[1]);
	}
	return bits;
}
