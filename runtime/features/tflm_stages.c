/* SPDX-License-Identifier: Apache-2.0
 *
 * The signal library's functions as stages of a pipeline.
 */
#include <string.h>

#include "mlforge/pipeline.h"

static int16_t mlforge_tflm_tapered(const struct mlforge_tflm_spectrum *tables,
				    const int16_t *samples, uint32_t i)
{
	const uint32_t mirrored = i < tables->taper_length ? i : tables->length - 1U - i;

	return mlforge_tflm_weighted(samples[i], tables->taper[mirrored], MLFORGE_TFLM_TAPER_BITS);
}

/* The left shift of tapered samples. The microfrontend passes over the least value, and a frame in
 * which it finds nothing else is silent. */
static bool mlforge_tflm_bits(const struct mlforge_tflm_spectrum *tables, const int16_t *samples,
			      uint32_t *bits)
{
	int16_t largest = 0;

	for (uint32_t i = 0; i < tables->length; i++) {
		const int16_t value = mlforge_tflm_tapered(tables, samples, i);

		if (!tables->microfrontend || value != INT16_MIN) {
			largest = mlforge_tflm_larger(largest, value);
		}
	}
	*bits = mlforge_tflm_scale_bits(largest);
	return largest != 0 || !tables->microfrontend;
}

static void mlforge_tflm_load(const struct mlforge_tflm_spectrum *tables, const int16_t *samples,
			      uint32_t bits, int16_t *z)
{
	memset(z, 0, tables->fft.size * sizeof(*z));
	for (uint32_t i = 0; i < tables->length; i++) {
		const uint32_t place = mlforge_tflm_place(&tables->fft, i / 2U);

		z[2U * place + (i & 1U)] =
			mlforge_tflm_scaled(mlforge_tflm_tapered(tables, samples, i), bits);
	}
}

uint32_t mlforge_tflm_spectrum_process(const struct mlforge_stage *stage, const void *input,
				       uint32_t count, void *output)
{
	const struct mlforge_tflm_spectrum *tables = stage->tables;
	const uint32_t bins = tables->fft.size / 2U + 1U;
	uint32_t bits;
	int32_t exponent;

	if (mlforge_tflm_bits(tables, input, &bits)) {
		mlforge_tflm_load(tables, input, bits, output);
		mlforge_tflm_transform(&tables->fft, output);
		mlforge_tflm_energies(output, bins, output);
	} else {
		memset(output, 0, bins * sizeof(uint32_t));
	}
	exponent = -2 * (int32_t)bits;
	memcpy((uint32_t *)output + bins, &exponent, sizeof(exponent));
	return count;
}

uint32_t mlforge_tflm_bands_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output)
{
	const struct mlforge_tflm_bank *bank = stage->tables;
	const uint32_t *energies = input;
	const uint32_t shift = (0U - energies[stage->input_length]) / 2U;
	uint64_t *sums = stage->work;
	uint32_t *out = output;

	mlforge_tflm_filter(bank, energies, sums);
	for (uint32_t band = 0; band < bank->filters; band++) {
		out[band] = mlforge_tflm_root(sums[band]) >> shift;
	}
	return count;
}

void mlforge_noise_reduction_reset(const struct mlforge_stage *stage)
{
	memset(stage->state, 0, stage->output_length * sizeof(uint32_t));
}

uint32_t mlforge_noise_reduction_process(const struct mlforge_stage *stage, const void *input,
					 uint32_t count, void *output)
{
	const struct mlforge_noise_reduction *tables = stage->tables;
	const uint32_t length = stage->output_length;
	uint32_t *out = output;

	mlforge_tflm_subtract(&tables->subtraction, input, length, out, stage->state);
	if (tables->passes_estimates) {
		memcpy(&out[length], stage->state, length * sizeof(*out));
	}
	return count;
}

uint32_t mlforge_pcan_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			      void *output)
{
	const struct mlforge_pcan *tables = stage->tables;
	const uint32_t length = stage->output_length;
	const uint32_t *estimates = (const uint32_t *)input + length;

	if (output != input) {
		memcpy(output, input, length * sizeof(uint32_t));
	}
	mlforge_tflm_pcan(tables->gains, tables->shift, estimates, output, length);
	return count;
}

uint32_t mlforge_tflm_levels_process(const struct mlforge_stage *stage, const void *input,
				     uint32_t count, void *output)
{
	const struct mlforge_tflm_levels *tables = stage->tables;
	const uint32_t *values = input;
	int32_t *out = output;

	for (uint32_t i = 0; i < stage->input_length; i++) {
		const uint32_t value = tables->shift < 0 ? values[i] >> -tables->shift
							 : values[i] << tables->shift;

		out[i] = value > 1 ? (int32_t)mlforge_tflm_log(value, MLFORGE_TFLM_LOG_SCALE) : 0;
	}
	return count;
}

uint32_t mlforge_tflm_scale_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output)
{
	const struct mlforge_tflm_scale *tables = stage->tables;
	const int32_t *in = input;
	int32_t *out = output;

	for (uint32_t i = 0; i < stage->input_length; i++) {
		const int32_t byte = (in[i] * 256 + MLFORGE_TFLM_RANGE / 2) / MLFORGE_TFLM_RANGE;

		out[i] = (byte > 255 ? 255 : byte) * tables->unit;
	}
	return count;
}
