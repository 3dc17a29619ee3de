/* SPDX-License-Identifier: Apache-2.0
 *
 * SignalWindow, SignalFftAutoScale, SignalRfft, SignalEnergy.
 */
#include <string.h>

#include "mlforge/kernels.h"

void mlforge_signal_window(const struct mlforge_signal_window *op, const void *input, void *output)
{
	const int16_t *x = input;
	int16_t *y = output;

	for (uint32_t row = 0; row < op->rows; row++) {
		for (uint32_t i = 0; i < op->size; i++) {
			*y++ = mlforge_tflm_weighted(*x++, op->weights[i], op->shift);
		}
	}
}

void mlforge_signal_scale(const struct mlforge_signal_scale *op, const void *input, void *output,
			  void *bits)
{
	const int16_t *x = input;
	int16_t *y = output;
	int16_t largest = 0;

	for (uint32_t i = 0; i < op->size; i++) {
		largest = mlforge_tflm_larger(largest, x[i]);
	}
	const uint32_t shift = mlforge_tflm_scale_bits(largest);

	for (uint32_t i = 0; i < op->size; i++) {
		y[i] = mlforge_tflm_scaled(x[i], shift);
	}
	*(int32_t *)bits = (int32_t)shift;
}

void mlforge_signal_rfft(const struct mlforge_signal_fft *op, const void *input, void *output)
{
	const int16_t *x = input;
	int16_t *z = output;
	const uint32_t size = op->fft.size;

	for (uint32_t row = 0; row < op->rows; row++) {
		memset(z, 0, size * sizeof(*z));
		for (uint32_t i = 0; i < op->size; i++) {
			z[2U * mlforge_tflm_place(&op->fft, i / 2U) + (i & 1U)] = x[i];
		}
		mlforge_tflm_transform(&op->fft, z);
		x += op->size;
		z += size + 2U;
	}
}

void mlforge_signal_energy(const struct mlforge_signal_energy *op, const void *input, void *output)
{
	const int16_t *bins = input;
	uint32_t *energies = output;

	mlforge_tflm_energies(&bins[2U * op->start], op->end - op->start, &energies[op->start]);
	memset(energies, 0, op->start * sizeof(*energies));
	memset(&energies[op->end], 0, (op->count - op->end) * sizeof(*energies));
}
