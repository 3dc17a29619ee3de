/* SPDX-License-Identifier: Apache-2.0
 *
 * Decimation in time, radix 4, in place (Cooley and Tukey 1965; the bits of the order reversed, so
 * the second and third quarter of each group are exchanged). Factors are Q15, and a product is
 * half: each pass with factors halves what would grow fourfold, so that magnitudes double.
 * Magnitudes, not only parts, are bounded, which the emitter's shift relies on.
 */
#include "features/fft.h"
#include "features/q15.h"
#include "features/vectors.h"

struct mlforge_fft_complex {
	int32_t re;
	int32_t im;
};

static inline struct mlforge_fft_complex mlforge_fft_plus(struct mlforge_fft_complex a,
							  struct mlforge_fft_complex b)
{
	return (struct mlforge_fft_complex){a.re + b.re, a.im + b.im};
}

static inline struct mlforge_fft_complex mlforge_fft_minus(struct mlforge_fft_complex a,
							   struct mlforge_fft_complex b)
{
	return (struct mlforge_fft_complex){a.re - b.re, a.im - b.im};
}

static inline struct mlforge_fft_complex mlforge_fft_half(struct mlforge_fft_complex a)
{
	return (struct mlforge_fft_complex){a.re >> 1, a.im >> 1};
}

/* a * (low - i * high) / 2 */
static inline struct mlforge_fft_complex mlforge_fft_rotated(struct mlforge_fft_complex a,
							     uint32_t factor)
{
	return (struct mlforge_fft_complex){
		mlforge_add_times_high(mlforge_times_low(a.re, factor), a.im, factor),
		mlforge_times_low(a.im, factor) - mlforge_times_high(a.re, factor),
	};
}

/* Four values in the order 0, 2, 1, 3 to their transform, `span` apart. */
static inline void mlforge_fft_butterfly(struct mlforge_fft_complex *z, uint32_t span,
					 struct mlforge_fft_complex z0,
					 struct mlforge_fft_complex z2,
					 struct mlforge_fft_complex z1,
					 struct mlforge_fft_complex z3)
{
	const struct mlforge_fft_complex even = mlforge_fft_plus(z0, z2);
	const struct mlforge_fft_complex even_difference = mlforge_fft_minus(z0, z2);
	const struct mlforge_fft_complex odd = mlforge_fft_plus(z1, z3);
	const struct mlforge_fft_complex odd_difference = mlforge_fft_minus(z1, z3);

	z[0] = mlforge_fft_plus(even, odd);
	z[span] = (struct mlforge_fft_complex){even_difference.re + odd_difference.im,
					       even_difference.im - odd_difference.re};
	z[2U * span] = mlforge_fft_minus(even, odd);
	z[3U * span] = (struct mlforge_fft_complex){even_difference.re - odd_difference.im,
						    even_difference.im + odd_difference.re};
}

#if !MLFORGE_VECTORS

static void mlforge_fft_first_of_four(struct mlforge_fft_complex *z, uint32_t points)
{
	for (const struct mlforge_fft_complex *end = z + points; z != end; z += 4) {
		mlforge_fft_butterfly(z, 1, z[0], z[1], z[2], z[3]);
	}
}

static void mlforge_fft_first_of_two(struct mlforge_fft_complex *z, uint32_t points)
{
	for (const struct mlforge_fft_complex *end = z + points; z != end; z += 2) {
		const struct mlforge_fft_complex a = z[0];
		const struct mlforge_fft_complex b = z[1];

		z[0] = mlforge_fft_plus(a, b);
		z[1] = mlforge_fft_minus(a, b);
	}
}

#endif

static void mlforge_fft_pass(struct mlforge_fft_complex *z, uint32_t points, uint32_t span,
			     const uint32_t *factors)
{
	const uint32_t step = 3U * (points / (4U * span));

	for (uint32_t base = 0; base < points; base += 4U * span) {
		struct mlforge_fft_complex *at = &z[base];

		mlforge_fft_butterfly(at, span, mlforge_fft_half(at[0]), mlforge_fft_half(at[span]),
				      mlforge_fft_half(at[2U * span]),
				      mlforge_fft_half(at[3U * span]));
	}
	for (uint32_t i = 1; i < span; i++) {
		factors += step;
		const uint32_t one = factors[0];
		const uint32_t two = factors[1];
		const uint32_t three = factors[2];

		for (uint32_t base = i; base < points; base += 4U * span) {
			struct mlforge_fft_complex *at = &z[base];

			mlforge_fft_butterfly(at, span, mlforge_fft_half(at[0]),
					      mlforge_fft_rotated(at[span], two),
					      mlforge_fft_rotated(at[2U * span], one),
					      mlforge_fft_rotated(at[3U * span], three));
		}
	}
}

void mlforge_fft_passes(const struct mlforge_fft *fft, int32_t *z)
{
	struct mlforge_fft_complex *numbers = (struct mlforge_fft_complex *)(void *)z;
	const uint32_t points = fft->size / 2U;
	uint32_t span = fft->first;

#if MLFORGE_VECTORS
	if (span == 4) {
		mlforge_first_of_four_vectors(z, points);
	} else {
		mlforge_first_of_two_vectors(z, points);
		mlforge_fft_pass(numbers, points, span, fft->factors);
		span *= 4U;
	}
	for (; span < points; span *= 4U) {
		mlforge_pass_vectors(z, points, span, fft->factors);
	}
#else
	if (span == 4) {
		mlforge_fft_first_of_four(numbers, points);
	} else {
		mlforge_fft_first_of_two(numbers, points);
	}
	for (; span < points; span *= 4U) {
		mlforge_fft_pass(numbers, points, span, fft->factors);
	}
#endif
}
