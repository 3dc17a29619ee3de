/* SPDX-License-Identifier: Apache-2.0
 *
 * Kiss FFT's transform of 16 bits: radix 4, and radix 2 first where log2 of the size is even. Every
 * pass divides by its radix (times 32767 / radix, rounded down, over 2^15: its integers), and what
 * does not fit wraps. tflm_transform_s32.c has that of 32 bits.
 */
#include "tflm_fourier.h"

/* The first pass: pairs, all factors 1. */
static void mlforge_tflm_pairs(MLFORGE_SAMPLE *z, uint32_t points)
{
	const struct mlforge_tflm_complex one = {MLFORGE_LARGEST, 0};

	for (uint32_t i = 0; i < points; i += 2, z += 4) {
		const struct mlforge_tflm_complex a = mlforge_tflm_over(z, 2);
		const struct mlforge_tflm_complex b =
			mlforge_tflm_times(mlforge_tflm_over(&z[2], 2), one);

		mlforge_tflm_store(z, a.real + b.real, a.imaginary + b.imaginary);
		mlforge_tflm_store(&z[2], a.real - b.real, a.imaginary - b.imaginary);
	}
}

/* Four numbers, `span` apart, with factors exp(-2 pi i turn / size) and its powers. */
static void mlforge_tflm_four(const struct MLFORGE_FOURIER(fft) * fft, MLFORGE_SAMPLE *z,
			      uint32_t span, uint32_t turn)
{
	MLFORGE_SAMPLE *z1 = &z[2U * span], *z2 = &z[4U * span], *z3 = &z[6U * span];
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
static void mlforge_tflm_split(const struct MLFORGE_FOURIER(fft) * fft, MLFORGE_SAMPLE *z,
			       uint32_t k)
{
	MLFORGE_SAMPLE *mirrored = &z[fft->size - 2U * k];
	const struct mlforge_tflm_complex a = mlforge_tflm_over(&z[2U * k], 2);
	const MLFORGE_SAMPLE conjugate[2] = {mirrored[0],
					     mlforge_tflm_wrapped(-(MLFORGE_WIDE)mirrored[1])};
	const struct mlforge_tflm_complex b = mlforge_tflm_over(conjugate, 2);
	const struct mlforge_tflm_complex turn = mlforge_tflm_turned(fft, fft->size / 4U + k);
	const struct mlforge_tflm_complex even = {mlforge_tflm_wrapped(a.real + b.real),
						  mlforge_tflm_wrapped(a.imaginary + b.imaginary)};
	const struct mlforge_tflm_complex odd = mlforge_tflm_times(
		(struct mlforge_tflm_complex){mlforge_tflm_wrapped(a.real - b.real),
					      mlforge_tflm_wrapped(a.imaginary - b.imaginary)},
		turn);

	mlforge_tflm_store(&z[2U * k], mlforge_tflm_half(even.real + odd.real),
			   mlforge_tflm_half(even.imaginary + odd.imaginary));
	mlforge_tflm_store(mirrored, mlforge_tflm_half(even.real - odd.real),
			   mlforge_tflm_half(odd.imaginary - even.imaginary));
}

uint32_t MLFORGE_FOURIER(place)(const struct MLFORGE_FOURIER(fft) * fft, uint32_t i)
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

void MLFORGE_FOURIER(passes)(const struct MLFORGE_FOURIER(fft) * fft, MLFORGE_SAMPLE *z)
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
}

void MLFORGE_FOURIER(transform)(const struct MLFORGE_FOURIER(fft) * fft, MLFORGE_SAMPLE *z)
{
	const uint32_t points = fft->size / 2U;

	MLFORGE_FOURIER(passes)(fft, z);
	const struct mlforge_tflm_complex mean = mlforge_tflm_over(z, 2);

	mlforge_tflm_store(z, mean.real + mean.imaginary, 0);
	mlforge_tflm_store(&z[fft->size], mean.real - mean.imaginary, 0);
	for (uint32_t k = 1; k <= points / 2U; k++) {
		mlforge_tflm_split(fft, z, k);
	}
}
