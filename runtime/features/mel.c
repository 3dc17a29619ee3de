/* SPDX-License-Identifier: Apache-2.0
 *
 * Triangular filters over the bins of a spectrum. Neighbours overlap by half: between two corners,
 * one filter rises by what the other falls. So each bin is multiplied once, by its share of the
 * rising filter, and the falling one gets the rest.
 */
#include "mlforge/pipeline.h"
#include "features/q15.h"
#include "features/vectors.h"

struct mlforge_mel_sums {
	uint64_t all;    /* of the bins between two corners */
	uint64_t rising; /* of their shares of the filter that rises there, Q16 */
};

static inline struct mlforge_mel_sums mlforge_mel_add_bins(const int32_t *bins, uint32_t step,
							   const uint16_t *shares, uint32_t count)
{
	struct mlforge_mel_sums sums = {0, 0};

	for (uint32_t i = 0; i < count; i++, bins += step) {
		const uint32_t bin = (uint32_t)*bins;
		const uint32_t share = shares[i];

		sums.all += bin;
#if defined(__ARM_ARCH) && __ARM_ARCH_ISA_THUMB == 1
		/* The same product in two parts, the upper one below 2^31. */
		sums.rising += (bin & 0xffffU) * share;
		sums.rising += (uint64_t)((bin >> 16) * share) << 16;
#else
		sums.rising += (uint64_t)bin * share;
#endif
	}
	return sums;
}

/* Sums of one channel, Q16. Returns the bitwise or of them all. */
static uint64_t mlforge_mel_add_bands(const struct mlforge_mel *mel, const int32_t *bins,
				      uint64_t *sums)
{
	const uint32_t step = mel->channels;
	const uint16_t *shares = mel->shares;
	uint64_t bits = 0;

	bins += mel->first * step;
	struct mlforge_mel_sums rising = mlforge_mel_add_bins(bins, step, shares, mel->counts[0]);

	for (uint32_t band = 0; band < mel->bands; band++) {
		const uint32_t before = mel->counts[band];

		bins += before * step;
		shares += before;
		const struct mlforge_mel_sums falling =
			mlforge_mel_add_bins(bins, step, shares, mel->counts[band + 1U]);

		sums[band] = rising.rising + (falling.all << 16) - falling.rising;
		bits |= sums[band];
		rising = falling;
	}
	return bits;
}

/* Right shift that leaves 31 bits. */
static uint32_t mlforge_mel_shift_for(uint64_t bits)
{
	const uint32_t high = (uint32_t)(bits >> 31);

	return 32U - mlforge_leading_zeros(high);
}

/* The lower word of the shifted value; the shift is below 32. */
static inline uint32_t mlforge_mel_shifted(uint64_t value, uint32_t shift)
{
	const uint32_t low = (uint32_t)value;
	const uint32_t high = (uint32_t)(value >> 32);

	return low >> shift | high << 1 << (31U - shift);
}

static void mlforge_mel_apply_gains(const struct mlforge_mel *mel, int32_t *out)
{
	for (uint32_t band = 0; band < mel->bands; band++, out += mel->channels) {
		*out = (int32_t)((uint32_t)mlforge_times_low(*out, mel->gains[band]) << 1);
	}
}

uint32_t mlforge_mel_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			     void *output)
{
	const struct mlforge_mel *mel = stage->tables;
	const uint32_t channels = mel->channels;
	const int32_t *bins = input;
	const int32_t *exponents = &bins[stage->input_length];
	int32_t *out = output;
	uint64_t *sums = stage->work;

	for (uint32_t channel = 0; channel < channels; channel++) {
#if MLFORGE_VECTORS
		const uint64_t bits = channels == 1
					      ? mlforge_bands_vectors(mel, bins, sums)
					      : mlforge_mel_add_bands(mel, &bins[channel], sums);
#else
		const uint64_t bits = mlforge_mel_add_bands(mel, &bins[channel], sums);
#endif
		const uint32_t shift = mlforge_mel_shift_for(bits);

		for (uint32_t band = 0; band < mel->bands; band++) {
			out[band * channels + channel] =
				(int32_t)mlforge_mel_shifted(sums[band], shift);
		}
		if (mel->gains != NULL) {
			mlforge_mel_apply_gains(mel, &out[channel]);
		}
		out[stage->output_length + channel] =
			(int32_t)shift - 16 + (mel->exponents ? exponents[channel] : 0);
	}
	return count;
}
