/* SPDX-License-Identifier: Apache-2.0
 *
 * The largest local maxima of a spectrum: bins above the one in front of them and not below the one
 * behind.
 */
#include "features/log_of.h"
#include "features/wide.h"

/* Bins of the largest ones, the largest first, of equal ones the lower. Returns how many. */
static uint32_t mlforge_find_peaks(const struct mlforge_peaks *peaks, const int32_t *bins,
				   uint16_t *found)
{
	const uint32_t step = peaks->log.channels;
	uint32_t many = 0;

	for (uint32_t bin = 1; bin + 1U < peaks->bins; bin++) {
		const int32_t value = bins[bin * step];

		if (value <= bins[(bin - 1U) * step] || value < bins[(bin + 1U) * step]) {
			continue;
		}
		uint32_t place = many < peaks->count ? many++ : peaks->count;

		for (; place > 0 && bins[found[place - 1U] * step] < value; place--) {
			if (place < peaks->count) {
				found[place] = found[place - 1U];
			}
		}
		if (place < peaks->count) {
			found[place] = (uint16_t)bin;
		}
	}
	return many;
}

uint32_t mlforge_peaks_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output)
{
	const struct mlforge_peaks *peaks = stage->tables;
	const struct mlforge_wide hz = {peaks->bin.mantissa, peaks->bin.exponent};
	const uint32_t step = peaks->log.channels;
	const int32_t *in = input;

	for (uint32_t channel = 0; channel < step; channel++) {
		const int32_t exponent =
			peaks->log.exponents ? in[stage->input_length + channel] : 0;
		const int32_t unit = mlforge_log_unit(&peaks->log, exponent);
		int32_t *out = (int32_t *)output + channel;
		uint16_t found[MLFORGE_MOST_PEAKS];
		const uint32_t many = mlforge_find_peaks(peaks, &in[channel], found);

		for (uint32_t i = 0; i < peaks->count; i++, out += 2U * step) {
			const struct mlforge_wide place =
				mlforge_wide_of(i < many ? found[i] : 0U, 0);
			const int32_t value = i < many ? in[found[i] * step + channel] : 0;

			out[0] = mlforge_wide_fixed(mlforge_wide_times(place, hz), peaks->bits);
			out[step] = mlforge_log_of(&peaks->log, value, unit);
		}
	}
	return count;
}
