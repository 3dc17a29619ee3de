/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the weight of a spectrum lies. Bins are cut to 25 bits, so that no sum of 1025 of them
 * times the square of a distance in sixteenths of a bin reaches 2^64.
 */
#include "features/q15.h"
#include "features/wide.h"
#include "mlforge/pipeline.h"

#define BITS         25
#define PLACE_BITS   4
#define ROLLOFF_PART 17U /* of ROLLOFF_ALL: 85 % */
#define ROLLOFF_ALL  20U

struct mlforge_weight {
	uint64_t sum;
	uint64_t moment; /* of bin * value */
	uint32_t shift;
};

static uint32_t mlforge_shape_value(const struct mlforge_spectral *spectral, const int32_t *bins,
				    uint32_t bin, uint32_t shift)
{
	return (uint32_t)bins[bin * spectral->channels] >> shift;
}

static struct mlforge_weight mlforge_shape_weight(const struct mlforge_spectral *spectral,
						  const int32_t *bins)
{
	struct mlforge_weight weight = {0, 0, 0};
	uint32_t all = 0;

	for (uint32_t bin = 0; bin < spectral->bins; bin++) {
		all |= mlforge_shape_value(spectral, bins, bin, 0);
	}
	weight.shift = 32U - mlforge_leading_zeros(all >> BITS);
	for (uint32_t bin = 0; bin < spectral->bins; bin++) {
		const uint32_t value = mlforge_shape_value(spectral, bins, bin, weight.shift);

		weight.sum += value;
		weight.moment += (uint64_t)value * bin;
	}
	return weight;
}

static struct mlforge_wide mlforge_shape_centroid(const struct mlforge_weight *weight)
{
	return mlforge_wide_over(mlforge_wide_of(weight->moment, 0),
				 mlforge_wide_of(weight->sum, 0));
}

static struct mlforge_wide mlforge_shape_spread(const struct mlforge_spectral *spectral,
						const int32_t *bins,
						const struct mlforge_weight *weight)
{
	const int32_t centre = mlforge_wide_fixed(mlforge_shape_centroid(weight), PLACE_BITS);
	uint64_t squares = 0;

	for (uint32_t bin = 0; bin < spectral->bins; bin++) {
		const int32_t distance = (int32_t)(bin << PLACE_BITS) - centre;

		squares += (uint64_t)mlforge_shape_value(spectral, bins, bin, weight->shift) *
			   (uint32_t)(distance * distance);
	}
	return mlforge_wide_root(mlforge_wide_over(mlforge_wide_of(squares, -2 * PLACE_BITS),
						   mlforge_wide_of(weight->sum, 0)));
}

static struct mlforge_wide mlforge_shape_rolloff(const struct mlforge_spectral *spectral,
						 const int32_t *bins,
						 const struct mlforge_weight *weight)
{
	uint64_t sum = 0;
	uint32_t bin = 0;

	for (; bin < spectral->bins; bin++) {
		sum += mlforge_shape_value(spectral, bins, bin, weight->shift);
		if (sum * ROLLOFF_ALL >= weight->sum * ROLLOFF_PART) {
			break;
		}
	}
	return mlforge_wide_of(bin, 0);
}

static struct mlforge_wide mlforge_shape_of(const struct mlforge_spectral *spectral,
					    const int32_t *bins,
					    const struct mlforge_weight *weight, uint8_t what)
{
	switch (what) {
	case MLFORGE_CENTROID:
		return mlforge_shape_centroid(weight);
	case MLFORGE_SPREAD:
		return mlforge_shape_spread(spectral, bins, weight);
	default:
		return mlforge_shape_rolloff(spectral, bins, weight);
	}
}

uint32_t mlforge_spectral_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output)
{
	const struct mlforge_spectral *spectral = stage->tables;
	const struct mlforge_wide hz = {spectral->bin.mantissa, spectral->bin.exponent};
	int32_t *out = output;

	for (uint32_t channel = 0; channel < spectral->channels; channel++) {
		const int32_t *bins = (const int32_t *)input + channel;
		const struct mlforge_weight weight = mlforge_shape_weight(spectral, bins);

		for (uint32_t i = 0; i < spectral->count; i++) {
			const struct mlforge_wide place =
				mlforge_shape_of(spectral, bins, &weight, spectral->what[i]);

			out[i * spectral->channels + channel] =
				mlforge_wide_fixed(mlforge_wide_times(place, hz), spectral->bits);
		}
	}
	return count;
}
