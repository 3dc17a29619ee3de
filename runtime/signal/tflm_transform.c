/* SPDX-License-Identifier: Apache-2.0
 *
 * Kiss FFT's transform of 16 bits: radix 4, and radix 2 first where log2 of the size is even. Every
 * pass divides by its radix (times 32767 / radix, rounded down, over 2^15: its integers), and what
 * does not fit wraps.
 */
#include "mlforge/tflm_signal.h"

struct mlforge_tflm_complex {
	int32_t real;
	int32_t imaginary;
};

/* Modulo 2^16. */
static inline int16_t mlforge_tflm_wrapped(int32_t value)
{
	return (int16_t)(uint16_t)((uint32_t)value & 0xffffU);
}

/* value / 2^15, to nearest, halves up. */
static inline int16_t mlforge_tflm_rounded(int32_t value)
{
	return mlforge_tflm_wrapped((value + (1 << 14)) >> 15);
}

static inline struct mlforge_tflm_complex mlforge_tflm_over(const int16_t *z, int32_t radix)
{
	const int32_t share = INT16_MAX / radix;

	return (struct mlforge_tflm_complex){mlforge_tflm_rounded(z[0] * share),
					     mlforge_tflm_rounded(z[1] * share)};
}

static inline struct mlforge_tflm_complex mlforge_tflm_times(struct mlforge_tflm_complex a,
							     struct mlforge_tflm_complex b)
{
	return (struct mlforge_tflm_complex){
		mlforge_tflm_rounded(a.real * b.real - a.imaginary * b.imaginary),
		mlforge_tflm_rounded(a.real * b.imaginary + a.imaginary * b.real)};
}

static inline void mlforge_tflm_store(int16_t *z, int32_t real, int32_t imaginary)
{
	z[0] = mlforge_tflm_wrapped(real);
	z[1] = mlforge_tflm_wrapped(imaginary);
}

/* exp(-2 pi i turn / size), turn below 3 size / 4. */
static inline struct mlforge_tflm_complex mlforge_tflm_turned(const struct mlforge_tflm_fft *fft,
							      uint32_t turn)
{
	const uint32_t quarter = fft->size / 4U;

	if (turn <= quarter) {
		return (struct mlforge_tflm_complex){fft->cosines[turn],
						     -fft->cosines[quarter - turn]};
	}
	if (turn <= 2U * quarter) {
		return (struct mlforge_tflm_complex){-fft->cosines[2U * quarter - turn],
						     -fft->cosines[turn - quarter]};
	}
	return (struct mlforge_tflm_complex){-fft->cosines[turn - 2U * quarter],
					     fft->cosines[3U * quarter - turn]};
}

/* The first pass: pairs, all factors 1. */
static void mlforge_tflm_pairs(int16_t *z, uint32_t points)
{
	const struct mlforge_tflm_complex one = {INT16_MAX, 0};

	for (uint32_t i = 0; i < points; i += 2, z += 4) {
		const struct mlforge_tflm_complex a = mlforge_tflm_over(z, 2);
		const struct mlforge_tflm_complex b =
			mlforge_tflm_times(mlforge_tflm_over(&z[2], 2), one);

		mlforge_tflm_store(z, a.real + b.real, a.imaginary + b.imaginary);
		mlforge_tflm_store(&z[2], a.real - b.real, a.imaginary - b.imaginary);
	}
}

/* Four numbers, `span` apart, with factors exp(-2 pi i turn / size) and its powers. */
static void mlforge_tflm_four(const struct mlforge_tflm_fft *fft, int16_t *z, uint32_t span,
			      uint32_t turn)
{
	int16_t *z1 = &z[2U * span], *z2 = &z[4U * span], *z3 = &z[6U * span];
	const struct mlforge_tflm_complex a = mlforge_tflm_over(z, 4);
	const struct mlforge_tflm_complex b =
		mlforge_tflm_times(mlforge_tflm_over(z1, 4), mlforge_tflm_turned(fft, turn));
	const struct mlforge_tflm_complex c =
		mlforge_tflm_times(mlforge_tflm_over(z2, 4), mlforge_tflm_turned(fft, 2U * turn));
	const struct mlforge_tflm_complex d =
		mlforge_tflm_times(mlforge_tflm_over(z3, 4), mlforge_tflm_turned(fft, 3U * turn));
	const struct mlforge_tflm_complex sum = {a.real + c.real, a.imaginary + c.imaginary};
	const struct mlforge_tflm_complex rest = {a.real - c.real, a.imaginary - c.imaginary};
	const struct mlforge_tflm_complex odd = {b.real + d.real, b.imaginary + d.imaginary};
	const struct mlforge_tflm_complex turned = {b.imaginary - d.imaginary, d.real - b.real};

	mlforge_tflm_store(z, sum.real + odd.real, sum.imaginary + odd.imaginary);
	mlforge_tflm_store(z1, rest.real + turned.real, rest.imaginary + turned.imaginary);
	mlforge_tflm_store(z2, sum.real - odd.real, sum.imaginary - odd.imaginary);
	mlforge_tflm_store(z3, rest.real - turned.real, rest.imaginary - turned.imaginary);
}

/* Bins k and points - k from what the pairs' transform has there. */
static void mlforge_tflm_split(const struct mlforge_tflm_fft *fft, int16_t *z, uint32_t k)
{
	int16_t *mirrored = &z[fft->size - 2U * k];
	const struct mlforge_tflm_complex a = mlforge_tflm_over(&z[2U * k], 2);
	const int16_t conjugate[2] = {mirrored[0], mlforge_tflm_wrapped(-mirrored[1])};
	const struct mlforge_tflm_complex b = mlforge_tflm_over(conjugate, 2);
	const struct mlforge_tflm_complex turn = mlforge_tflm_turned(fft, fft->size / 4U + k);
	const struct mlforge_tflm_complex even = {mlforge_tflm_wrapped(a.real + b.real),
						  mlforge_tflm_wrapped(a.imaginary + b.imaginary)};
	const struct mlforge_tflm_complex odd = mlforge_tflm_times(
		(struct mlforge_tflm_complex){mlforge_tflm_wrapped(a.real - b.real),
					      mlforge_tflm_wrapped(a.imaginary - b.imaginary)},
		turn);

	mlforge_tflm_store(&z[2U * k], (even.real + odd.real) >> 1,
			   (even.imaginary + odd.imaginary) >> 1);
	mlforge_tflm_store(mirrored, (even.real - odd.real) >> 1,
			   (odd.imaginary - even.imaginary) >> 1);
}

uint32_t mlforge_tflm_place(const struct mlforge_tflm_fft *fft, uint32_t i)
{
	uint32_t place = 0;
	uint32_t span = fft->size / 2U;

	while (span >= 4) {
		span /= 4U;
		place += (i & 3U) * span;
		i >>= 2;
	}
	return place + i;
}

void mlforge_tflm_transform(const struct mlforge_tflm_fft *fft, int16_t *z)
{
	const uint32_t points = fft->size / 2U;
	uint32_t span = 1;

	if ((points & 0x55555555U) == 0) {
		mlforge_tflm_pairs(z, points);
		span = 2;
	}
	for (; span < points; span *= 4U) {
		for (uint32_t first = 0; first < points; first += 4U * span) {
			for (uint32_t k = 0; k < span; k++) {
				mlforge_tflm_four(fft, &z[2U * (first + k)], span,
						  k * (points / span / 2U));
			}
		}
	}
	const struct mlforge_tflm_complex mean = mlforge_tflm_over(z, 2);

	mlforge_tflm_store(z, mean.real + mean.imaginary, 0);
	mlforge_tflm_store(&z[fft->size], mean.real - mean.imaginary, 0);
	for (uint32_t k = 1; k <= points / 2U; k++) {
		mlforge_tflm_split(fft, z, k);
	}
}
