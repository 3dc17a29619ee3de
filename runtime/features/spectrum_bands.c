/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of neighbouring bins, or their shares of all.
 */
#include "features/q15.h"
#include "features/wide.h"
#include "mlforge/pipeline.h"

static uint64_t mlforge_band_sums(const struct mlforge_bands *bands, const int32_t *bins,
				  uint64_t *sums)
{
	uint64_t all = 0;

	for (uint32_t band = 0; band < bands->bands; band++) {
		sums[band] = 0;
		for (uint32_t bin = bands->edges[band]; bin < bands->edges[band + 1U]; bin++) {
			sums[band] += (uint32_t)bins[bin * bands->channels];
		}
		all += sums[band];
	}
	return all;
}

static void mlforge_band_shares(const struct mlforge_bands *bands, const uint64_t *sums,
				uint64_t all, int32_t *out)
{
	const struct mlforge_wide whole = mlforge_wide_of(all, 0);

	for (uint32_t band = 0; band < bands->bands; band++, out += bands->channels) {
		*out = mlforge_wide_fixed(mlforge_wide_over(mlforge_wide_of(sums[band], 0), whole),
					  15);
	}
}

uint32_t mlforge_bands_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output)
{
	const struct mlforge_bands *bands = stage->tables;
	const uint32_t channels = bands->channels;
	const int32_t *bins = input;
	const int32_t *exponents = &bins[stage->input_length];
	int32_t *out = output;
	uint64_t *sums = stage->work;

	for (uint32_t channel = 0; channel < channels; channel++) {
		const uint64_t all = mlforge_band_sums(bands, &bins[channel], sums);

		if (bands->share) {
			mlforge_band_shares(bands, sums, all, &out[channel]);
			continue;
		}
		/* No sum is larger than all: 31 bits hold them then. */
		const uint32_t shift = 32U - mlforge_leading_zeros((uint32_t)(all >> 31));

		for (uint32_t band = 0; band < bands->bands; band++) {
			out[band * channels + channel] = (int32_t)(sums[band] >> shift);
		}
		out[stage->output_length + channel] =
			(int32_t)shift + (bands->exponents ? exponents[channel] : 0);
	}
	return count;
}
