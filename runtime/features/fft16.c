/* SPDX-License-Identifier: Apache-2.0
 *
 * Real Fourier transform of each channel of a block in 16 bits: half the memory of fft.c, which
 * keeps 32. A function for each type of samples and of results.
 */
#include "features/fft16.h"
#include "features/root.h"

/* Magnitudes in the stage's fixed point from powers, which are too small by `shift` bits. */
static void mlforge_fft16_magnitudes(uint32_t *out, uint32_t count, uint32_t right, uint32_t step)
{
	for (uint32_t i = 0; i < count; i++, out += step) {
		*out = right > 31U ? 0 : mlforge_root_q16(*out) >> right;
	}
}

static inline uint32_t mlforge_fft16_run(const struct mlforge_stage *stage, const void *input,
					 uint32_t count, uint32_t sample_bytes,
					 mlforge_fft16_load load, void *output, bool magnitude)
{
	const struct mlforge_fft16 *fft = stage->tables;
	const uint32_t bins = fft->size / 2U + 1U;
	uint32_t *out = output;
	uint32_t *z = stage->work;

	for (uint32_t channel = 0; channel < fft->channels; channel++) {
		uint32_t bits;
		int32_t shift = -15;

		shift += (int32_t)load(fft, (const uint8_t *)input + channel * sample_bytes, z,
				       &bits);
		shift += mlforge_fft16_passes(fft, z, &bits);
		shift += mlforge_fft16_powers(fft, z, bits, &out[channel], fft->channels);
		if (magnitude) {
			mlforge_fft16_magnitudes(&out[channel], bins,
						 (uint32_t)(fft->most + 1 - shift), fft->channels);
		} else {
			out[bins * fft->channels + channel] = (uint32_t)(2 * shift);
		}
	}
	return count;
}

uint32_t mlforge_fft16_process_int16_power(const struct mlforge_stage *stage, const void *input,
					   uint32_t count, void *output)
{
	return mlforge_fft16_run(stage, input, count, sizeof(int16_t), mlforge_fft16_load_int16,
				 output, false);
}

uint32_t mlforge_fft16_process_int16_magnitude(const struct mlforge_stage *stage, const void *input,
					       uint32_t count, void *output)
{
	return mlforge_fft16_run(stage, input, count, sizeof(int16_t), mlforge_fft16_load_int16,
				 output, true);
}

uint32_t mlforge_fft16_process_int32_power(const struct mlforge_stage *stage, const void *input,
					   uint32_t count, void *output)
{
	return mlforge_fft16_run(stage, input, count, sizeof(int32_t), mlforge_fft16_load_int32,
				 output, false);
}

uint32_t mlforge_fft16_process_int32_magnitude(const struct mlforge_stage *stage, const void *input,
					       uint32_t count, void *output)
{
	return mlforge_fft16_run(stage, input, count, sizeof(int32_t), mlforge_fft16_load_int32,
				 output, true);
}
