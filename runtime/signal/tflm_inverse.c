/* SPDX-License-Identifier: Apache-2.0
 *
 * Kiss FFT's transform from bins back to samples. Its butterflies turn the other way, which is what
 * those of the forward transform do where real and imaginary parts have changed places.
 */
#include "tflm_fourier.h"

/* A complex number to the place of number k, its parts the other way round. */
static void mlforge_tflm_put(const struct MLFORGE_FOURIER(fft) * fft, MLFORGE_SAMPLE *z, uint32_t k,
			     MLFORGE_WIDE real, MLFORGE_WIDE imaginary)
{
	mlforge_tflm_store(&z[2U * MLFORGE_FOURIER(place)(fft, k)], imaginary, real);
}

/* Numbers k and points - k of the pairs' transform, from the bins there. */
static void mlforge_tflm_join(const struct MLFORGE_FOURIER(fft) * fft, const MLFORGE_SAMPLE *bins,
			      uint32_t k, MLFORGE_SAMPLE *z)
{
	const MLFORGE_SAMPLE *mirrored = &bins[fft->size - 2U * k];
	const MLFORGE_SAMPLE conjugate[2] = {mirrored[0],
					     mlforge_tflm_wrapped(-(MLFORGE_WIDE)mirrored[1])};
	const struct mlforge_tflm_complex a = mlforge_tflm_over(&bins[2U * k], 2);
	const struct mlforge_tflm_complex b = mlforge_tflm_over(conjugate, 2);
	const struct mlforge_tflm_complex turn = mlforge_tflm_turned(fft, fft->size / 4U + k);
	const struct mlforge_tflm_complex even = {mlforge_tflm_wrapped(a.real + b.real),
						  mlforge_tflm_wrapped(a.imaginary + b.imaginary)};
	const struct mlforge_tflm_complex odd = mlforge_tflm_times(
		(struct mlforge_tflm_complex){mlforge_tflm_wrapped(a.real - b.real),
					      mlforge_tflm_wrapped(a.imaginary - b.imaginary)},
		(struct mlforge_tflm_complex){turn.real, -turn.imaginary});

	mlforge_tflm_put(fft, z, k, even.real + odd.real, even.imaginary + odd.imaginary);
	mlforge_tflm_put(fft, z, fft->size / 2U - k, even.real - odd.real,
			 odd.imaginary - even.imaginary);
}

void MLFORGE_FOURIER(inverse)(const struct MLFORGE_FOURIER(fft) * fft, const MLFORGE_SAMPLE *bins,
			      MLFORGE_SAMPLE *z)
{
	const uint32_t size = fft->size;
	const MLFORGE_SAMPLE ends[2] = {mlforge_tflm_wrapped((MLFORGE_WIDE)bins[0] + bins[size]),
					mlforge_tflm_wrapped((MLFORGE_WIDE)bins[0] - bins[size])};
	const struct mlforge_tflm_complex mean = mlforge_tflm_over(ends, 2);

	mlforge_tflm_put(fft, z, 0, mean.real, mean.imaginary);
	for (uint32_t k = 1; k <= size / 4U; k++) {
		mlforge_tflm_join(fft, bins, k, z);
	}
	MLFORGE_FOURIER(passes)(fft, z);
	for (uint32_t i = 0; i < size; i += 2) {
		mlforge_tflm_store(&z[i], z[i + 1], z[i]);
	}
}
