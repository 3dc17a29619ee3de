/* SPDX-License-Identifier: Apache-2.0
 *
 * SignalIrfft; SignalRfft of int32.
 */
#include <string.h>

#include "mlforge/kernels.h"

void mlforge_signal_irfft(const struct mlforge_signal_fft *op, const void *input, void *output)
{
	const int16_t *bins = input;
	int16_t *z = output;

	for (uint32_t row = 0; row < op->rows; row++) {
		mlforge_tflm_inverse(&op->fft, bins, z);
		bins += op->fft.size + 2U;
		z += op->fft.size;
	}
}

void mlforge_signal_irfft_s32(const struct mlforge_signal_fft_s32 *op, const void *input,
			      void *output)
{
	const int32_t *bins = input;
	int32_t *z = output;

	for (uint32_t row = 0; row < op->rows; row++) {
		mlforge_tflm_inverse_s32(&op->fft, bins, z);
		bins += op->fft.size + 2U;
		z += op->fft.size;
	}
}

void mlforge_signal_rfft_s32(const struct mlforge_signal_fft_s32 *op, const void *input,
			     void *output)
{
	const int32_t *x = input;
	int32_t *z = output;
	const uint32_t size = op->fft.size;

	for (uint32_t row = 0; row < op->rows; row++) {
		memset(z, 0, size * sizeof(*z));
		for (uint32_t i = 0; i < op->size; i++) {
			z[2U * mlforge_tflm_place_s32(&op->fft, i / 2U) + (i & 1U)] = x[i];
		}
		mlforge_tflm_transform_s32(&op->fft, z);
		x += op->size;
		z += size + 2U;
	}
}
