/* SPDX-License-Identifier: Apache-2.0
 *
 * Real Fourier transform of each channel of a block: taper, transform, power or magnitude of the
 * bins. A function for each type of samples and of results: the linker leaves out the others.
 */
#include "features/fft.h"
#include "features/q15.h"

/* Left shift that brings the largest part to 31 bits; 30 where all are 0. */
static uint32_t mlforge_fft_normalising_shift(uint32_t parts)
{
	const uint32_t zeros = mlforge_leading_zeros(parts);

	return zeros > 31 ? 30 : zeros - 1;
}

static inline uint32_t mlforge_fft_run(const struct mlforge_stage *stage, const void *input,
				       uint32_t count, uint32_t sample_bytes, mlforge_fft_load load,
				       void *output, bool magnitude)
{
	const struct mlforge_fft *fft = stage->tables;
	const uint32_t bins = fft->size / 2U + 1U;
	int32_t *out = output;
	int32_t *z = stage->work;

	for (uint32_t channel = 0; channel < fft->channels; channel++) {
		load(fft, (const uint8_t *)input + channel * sample_bytes, z);
		mlforge_fft_passes(fft, z);
		const uint32_t shift = mlforge_fft_normalising_shift(mlforge_fft_split(fft, z));

		mlforge_fft_powers(z, fft->size, shift, &out[channel], fft->channels);
		if (magnitude) {
			mlforge_fft_magnitudes(&out[channel], bins, shift, fft->channels);
		} else {
			out[bins * fft->channels + channel] = -2 * (int32_t)shift;
		}
	}
	return count;
}

uint32_t mlforge_fft_process_int16_power(const struct mlforge_stage *stage, const void *input,
					 uint32_t count, void *output)
{
	return mlforge_fft_run(stage, input, count, sizeof(int16_t), mlforge_fft_load_int16, output,
			       false);
}

uint32_t mlforge_fft_process_int16_magnitude(const struct mlforge_stage *stage, const void *input,
					     uint32_t count, void *output)
{
	return mlforge_fft_run(stage, input, count, sizeof(int16_t), mlforge_fft_load_int16, output,
			       true);
}

uint32_t mlforge_fft_process_int32_power(const struct mlforge_stage *stage, const void *input,
					 uint32_t count, void *output)
{
	return mlforge_fft_run(stage, input, count, sizeof(int32_t), mlforge_fft_load_int32, output,
			       false);
}

uint32_t mlforge_fft_process_int32_magnitude(const struct mlforge_stage *stage, const void *input,
					     uint32_t count, void *output)
{
	return mlforge_fft_run(stage, input, count, sizeof(int32_t), mlforge_fft_load_int32, output,
			       true);
}
