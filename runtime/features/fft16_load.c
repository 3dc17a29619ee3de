/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples into the Fourier transform of 16 bits: brought to 15 bits by what their largest needs,
 * and tapered. Pair by pair from the front on, so that pairs may take the place of their samples.
 */
#include "features/fft16.h"
#include "features/fft16_vectors.h"
#include "features/pairs.h"

#include <string.h>

static inline int32_t mlforge_fft16_sample(const uint8_t *sample, bool narrow)
{
	return narrow ? *(const int16_t *)(const void *)sample
		      : *(const int32_t *)(const void *)sample;
}

/* Bits of the largest sample beside its sign. */
static inline __attribute__((always_inline)) uint32_t
mlforge_fft16_scan(const struct mlforge_fft16 *fft, const uint8_t *input, bool narrow)
{
	const uint32_t step = fft->channels * (narrow ? 2U : 4U);
	uint32_t left = fft->length;
	uint32_t bits = 0;

#if MLFORGE_VECTORS
	if (narrow && fft->channels == 1) {
		return mlforge_fft16_scan_vectors((const int16_t *)(const void *)input, left);
	}
#endif
	for (; left > 0; left--, input += step) {
		const int32_t value = mlforge_fft16_sample(input, narrow);

		bits |= (uint32_t)value ^ (uint32_t)value << 1;
	}
	return mlforge_significant_bits(bits);
}

/* value * weight / 2^right to nearest; weight is Q15, at most 1, and value has at most `right` bits
 * beside its sign. */
static inline int32_t mlforge_fft16_tapered(int32_t value, int32_t weight, uint32_t right,
					    bool narrow)
{
	if (narrow) {
		return (value * weight + ((1 << right) >> 1)) >> right;
	}
	return (int32_t)((value * (int64_t)weight + (((int64_t)1 << right) >> 1)) >> right);
}

struct mlforge_fft16_source {
	const uint8_t *input;
	uint32_t step;
	uint32_t right;
};

/* Pairs `from` to `to`; the weight of sample i is weights[i * direction], of all samples 1 where
 * direction is 0. Returns their bits. */
static inline __attribute__((always_inline)) uint32_t
mlforge_fft16_load_pairs(struct mlforge_fft16_source source, uint32_t *z, uint32_t from,
			 uint32_t to, const uint16_t *weights, int32_t direction, bool narrow)
{
	uint32_t bits = 0;

	weights += direction * (int32_t)(2U * from);
#if MLFORGE_VECTORS
	if (narrow && source.step == sizeof(int16_t) && direction != 0) {
		const uint32_t left = mlforge_fft16_taper_vectors(
			(const int16_t *)(const void *)source.input, z, from, to, weights,
			direction, source.right, &bits);

		weights += direction * (int32_t)(2U * (left - from));
		from = left;
	}
#endif
	const uint8_t *sample = &source.input[2U * from * source.step];

	for (uint32_t pair = from; pair < to; pair++) {
		const int32_t first = mlforge_fft16_sample(sample, narrow);
		const int32_t second = mlforge_fft16_sample(sample + source.step, narrow);

		z[pair] = mlforge_pair_of(
			mlforge_fft16_tapered(first, weights[0], source.right, narrow),
			mlforge_fft16_tapered(second, weights[direction], source.right, narrow));
		bits |= mlforge_pair_unlike(z[pair]);
		sample += 2U * source.step;
		weights += 2 * direction;
	}
	return bits;
}

/* Where there is half a taper: the other half mirrors it. */
static inline __attribute__((always_inline)) uint32_t
mlforge_fft16_load_all(const struct mlforge_fft16 *fft, const uint8_t *input, uint32_t *z,
		       uint32_t *bits, bool narrow)
{
	static const uint16_t one = 32768;
	const uint32_t length = fft->length;
	const uint32_t pairs = length / 2U;
	const uint32_t last = length - 1U;
	const struct mlforge_fft16_source source = {input, fft->channels * (narrow ? 2U : 4U),
						    mlforge_fft16_scan(fft, input, narrow)};
	const uint32_t rising = (pairs + 1U) / 2U; /* whose samples are both at most length / 2 */
	uint32_t both;

	if (fft->taper == NULL) {
		both = mlforge_fft16_load_pairs(source, z, 0, pairs, &one, 0, narrow);
	} else {
		both = mlforge_fft16_load_pairs(source, z, 0, rising, fft->taper, 1, narrow);
		both |= mlforge_fft16_load_pairs(source, z, rising, pairs, fft->taper + length, -1,
						 narrow);
	}
	if (length % 2U != 0) {
		const int32_t weight =
			fft->taper == NULL ? one : fft->taper[last <= length / 2U ? last : 1U];
		const int32_t value = mlforge_fft16_sample(&input[last * source.step], narrow);

		z[pairs] = mlforge_pair_of(
			mlforge_fft16_tapered(value, weight, source.right, narrow), 0);
		both |= mlforge_pair_unlike(z[pairs]);
	}
	memset(&z[(length + 1U) / 2U], 0, (fft->size / 2U - (length + 1U) / 2U) * sizeof(*z));
	*bits = mlforge_fft16_bits(both);
	return source.right;
}

uint32_t mlforge_fft16_load_int16(const struct mlforge_fft16 *fft, const void *input, uint32_t *z,
				  uint32_t *bits)
{
	return mlforge_fft16_load_all(fft, input, z, bits, true);
}

uint32_t mlforge_fft16_load_int32(const struct mlforge_fft16 *fft, const void *input, uint32_t *z,
				  uint32_t *bits)
{
	return mlforge_fft16_load_all(fft, input, z, bits, false);
}
