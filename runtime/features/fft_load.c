/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples into the Fourier transform: tapered, scaled so that no sum can overflow, in bit-reversed
 * order.
 */
#include <string.h>

#include "features/fft.h"

struct cursor {
	const void *input;
	int32_t *z;
	uint32_t reversed; /* the number of the next pair, its bits in reverse order */
};

static inline uint32_t next_reversed(uint32_t reversed, uint32_t top)
{
	uint32_t bit = top;

	while (reversed & bit) {
		reversed ^= bit;
		bit >>= 1;
	}
	return reversed | bit;
}

/* One sample times its weight (Q15, at most 1), to nearest: truncated, the errors of all samples
 * would add up in bin 0. |int16 * 2^15| is at most 2^30, and half of 2^shift less. */
static inline int32_t tapered(const void *input, uint32_t index, int32_t weight, uint32_t shift,
			      bool narrow)
{
	if (narrow) {
		const int32_t half = (1 << shift) >> 1;

		return (((const int16_t *)input)[index] * weight + half) >> shift;
	}
	const int64_t half = ((int64_t)1 << shift) >> 1;

	return (int32_t)(((int64_t)((const int32_t *)input)[index] * weight + half) >> shift);
}

/* Pairs `from` to `to`; the weight of sample i is weights[i * direction], of all samples 1 where
 * direction is 0. */
static inline void load(const struct mlforge_fft *fft, struct cursor *cursor, uint32_t from,
			uint32_t to, const uint16_t *weights, int32_t direction, bool narrow)
{
	const uint32_t shift = fft->shift;
	const uint32_t step = fft->channels;
	const uint32_t top = fft->size / 4U;
	uint32_t reversed = cursor->reversed;

	weights += direction * (int32_t)(2U * from);
	for (uint32_t pair = from; pair < to; pair++) {
		int32_t *z = &cursor->z[2U * reversed];

		z[0] = tapered(cursor->input, 2U * pair * step, weights[0], shift, narrow);
		z[1] = tapered(cursor->input, (2U * pair + 1U) * step, weights[direction], shift,
			       narrow);
		weights += 2 * direction;
		reversed = next_reversed(reversed, top);
	}
	cursor->reversed = reversed;
}

/* Where there is half a taper: the other half mirrors it. */
static inline void load_all(const struct mlforge_fft *fft, struct cursor *cursor, bool narrow)
{
	static const uint16_t one = 32768;
	const uint32_t length = fft->length;
	const uint32_t rising =
		(length / 2U + 1U) / 2U; /* pairs whose samples are both at most length / 2 */
	const uint32_t last = length - 1U;

	if (fft->taper == NULL) {
		load(fft, cursor, 0, length / 2U, &one, 0, narrow);
	} else {
		load(fft, cursor, 0, rising, fft->taper, 1, narrow);
		load(fft, cursor, rising, length / 2U, fft->taper + length, -1, narrow);
	}
	if (length % 2U != 0) {
		const int32_t weight =
			fft->taper == NULL ? one : fft->taper[last <= length / 2U ? last : 1U];

		cursor->z[2U * cursor->reversed] =
			tapered(cursor->input, last * fft->channels, weight, fft->shift, narrow);
	}
}

void mlforge_fft_load(const struct mlforge_fft *fft, const void *input, int32_t *z)
{
	struct cursor cursor = {input, z, 0};

	if (fft->length < fft->size) {
		memset(z, 0, fft->size * sizeof(*z));
	}
	if (fft->samples == MLFORGE_SAMPLES_INT16) {
		load_all(fft, &cursor, true);
	} else {
		load_all(fft, &cursor, false);
	}
}
