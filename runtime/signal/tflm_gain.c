/* SPDX-License-Identifier: Apache-2.0
 *
 * Behind the filters: spectral subtraction, and PCAN (Wang, Getreuer, Hughes, Lyon, Saurous:
 * Trainable Frontend For Robust and Far-Field Keyword Spotting, ICASSP 2017).
 */
#include "features/q15.h"
#include "mlforge/tflm_signal.h"

#define SNR_BITS    12
#define OUTPUT_BITS 6

void mlforge_tflm_subtract(const struct mlforge_tflm_subtraction *subtraction,
			   const uint32_t *input, uint32_t count, uint32_t *output,
			   uint32_t *estimates)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t share = subtraction->smoothing[i & 1U];
		const uint64_t kept = subtraction->keeping[i & 1U];
		const uint32_t value = input[i];
		const uint32_t scaled = value << subtraction->smoothing_bits;
		uint32_t estimate =
			(uint32_t)((scaled * share + estimates[i] * kept) >> subtraction->bits);

		estimates[i] = estimate;
		if (estimate > scaled) {
			estimate = scaled;
			if (subtraction->clamping) {
				estimates[i] = estimate;
			}
		}
		const uint32_t least =
			(uint32_t)(((uint64_t)value * subtraction->remaining) >> subtraction->bits);
		const uint32_t left = (scaled - estimate) >> subtraction->smoothing_bits;

		output[i] = left > least ? left : least;
	}
}

/* A parabola for each octave of the estimate: value at its beginning, slope, curvature. */
static uint32_t mlforge_tflm_gain(const int16_t *gains, uint32_t estimate)
{
	if (estimate <= 2) {
		return (uint32_t)(int32_t)gains[estimate];
	}
	const uint32_t bits = 32U - mlforge_leading_zeros(estimate);
	const int16_t *octave = &gains[4U * bits - 6U];
	const int32_t at =
		(int32_t)((bits < 11 ? estimate << (11U - bits) : estimate >> (bits - 11U)) &
			  0x3ffU);
	const int32_t slope = ((octave[2] * at) >> 5) + octave[1] * 32;

	return (uint32_t)(int32_t)(int16_t)(((slope * at + (1 << 14)) >> 15) + octave[0]);
}

/* x^2 / 4 below 2, x - 1 above. */
static uint32_t mlforge_tflm_shrunk(uint32_t snr)
{
	if (snr < (2U << SNR_BITS)) {
		return snr * snr >> (2 + 2 * SNR_BITS - OUTPUT_BITS);
	}
	return (snr >> (SNR_BITS - OUTPUT_BITS)) - (1U << OUTPUT_BITS);
}

void mlforge_tflm_pcan(const int16_t *gains, uint32_t shift, const uint32_t *estimates,
		       uint32_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const uint64_t gain = mlforge_tflm_gain(gains, estimates[i]);

		values[i] = mlforge_tflm_shrunk((uint32_t)((values[i] * gain) >> shift));
	}
}
