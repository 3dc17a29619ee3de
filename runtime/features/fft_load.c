/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples into the Fourier transform: tapered, scaled so that no sum can overflow, in bit-reversed
 * order.
 */
#include "features/fft.h"
#include "features/vectors.h"

struct mlforge_fft_cursor {
	const uint8_t *input;
	int32_t *z;
	uint32_t reversed; /* the number of the next pair, its bits in reverse order */
};

static inline uint32_t mlforge_fft_next_reversed(uint32_t reversed, uint32_t top)
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
static inline int32_t mlforge_fft_tapered(const uint8_t *sample, int32_t weight, uint32_t shift,
					  bool narrow)
{
	if (narrow) {
		const int32_t half = (1 << shift) >> 1;

		return (*(const int16_t *)(const void *)sample * weight + half) >> shift;
	}
	const int64_t half = ((int64_t)1 << shift) >> 1;

	return (int32_t)((*(const int32_t *)(const void *)sample * (int64_t)weight + half) >>
			 shift);
}

/* Always inline, so that each type of samples has loops of its own, and an image those of one.
 *
 * Pairs `from` to `to`; the weight of sample i is weights[i * direction], of all samples 1 where
 * direction is 0. */
static inline __attribute__((always_inline)) void
mlforge_fft_load_pairs(const struct mlforge_fft *fft, struct mlforge_fft_cursor *cursor,
		       uint32_t from, uint32_t to, const uint16_t *weights, int32_t direction,
		       bool narrow)
{
	const uint32_t shift = fft->shift;
	const uint32_t step = fft->channels * (narrow ? 2U : 4U);
	const uint32_t top = fft->size / 4U;
	uint32_t reversed = cursor->reversed;

	weights += direction * (int32_t)(2U * from);
#if MLFORGE_VECTORS
	if (narrow && fft->channels == 1 && direction != 0) {
		const uint32_t left =
			mlforge_load_vectors(fft, (const int16_t *)(const void *)cursor->input,
					     cursor->z, from, to, weights, direction);

		weights += direction * (int32_t)(2U * (left - from));
		from = left;
		reversed = mlforge_reversed(from, mlforge_pair_bits(fft));
	}
#endif
	const uint8_t *sample = &cursor->input[2U * from * step];

	for (uint32_t pair = from; pair < to; pair++) {
		int32_t *z = &cursor->z[2U * reversed];

		z[0] = mlforge_fft_tapered(sample, weights[0], shift, narrow);
		z[1] = mlforge_fft_tapered(sample + step, weights[direction], shift, narrow);
		sample += 2U * step;
		weights += 2 * direction;
		reversed = mlforge_fft_next_reversed(reversed, top);
	}
	cursor->reversed = reversed;
}

/* The pairs behind the last sample. */
static void mlforge_fft_clear(const struct mlforge_fft *fft,
			      const struct mlforge_fft_cursor *cursor, uint32_t from)
{
	uint32_t reversed = cursor->reversed;
	uint32_t pairs = fft->size / 2U - from;

#if MLFORGE_VECTORS
	pairs -= mlforge_clear_vectors(fft, cursor->z, from);
	reversed = mlforge_reversed(fft->size / 2U - pairs, mlforge_pair_bits(fft));
#endif
	for (; pairs > 0; pairs--) {
		int32_t *z = &cursor->z[2U * reversed];

		z[0] = 0;
		z[1] = 0;
		reversed = mlforge_fft_next_reversed(reversed, fft->size / 4U);
	}
}

/* Where there is half a taper: the other half mirrors it. */
static inline __attribute__((always_inline)) void
mlforge_fft_load_all(const struct mlforge_fft *fft, struct mlforge_fft_cursor *cursor, bool narrow)
{
	static const uint16_t one = 32768;
	const uint32_t length = fft->length;
	const uint32_t rising =
		(length / 2U + 1U) / 2U; /* pairs whose samples are both at most length / 2 */
	const uint32_t last = length - 1U;
	const uint32_t step = fft->channels * (narrow ? 2U : 4U);

	if (fft->taper == NULL) {
		mlforge_fft_load_pairs(fft, cursor, 0, length / 2U, &one, 0, narrow);
	} else {
		mlforge_fft_load_pairs(fft, cursor, 0, rising, fft->taper, 1, narrow);
		mlforge_fft_load_pairs(fft, cursor, rising, length / 2U, fft->taper + length, -1,
				       narrow);
	}
	if (length % 2U != 0) {
		const int32_t weight =
			fft->taper == NULL ? one : fft->taper[last <= length / 2U ? last : 1U];
		int32_t *z = &cursor->z[2U * cursor->reversed];

		z[0] = mlforge_fft_tapered(&cursor->input[last * step], weight, fft->shift, narrow);
		z[1] = 0;
		cursor->reversed = mlforge_fft_next_reversed(cursor->reversed, fft->size / 4U);
	}
	mlforge_fft_clear(fft, cursor, (length + 1U) / 2U);
}

void mlforge_fft_load_int16(const struct mlforge_fft *fft, const void *input, int32_t *z)
{
	struct mlforge_fft_cursor cursor = {input, z, 0};

	mlforge_fft_load_all(fft, &cursor, true);
}

void mlforge_fft_load_int32(const struct mlforge_fft *fft, const void *input, int32_t *z)
{
	struct mlforge_fft_cursor cursor = {input, z, 0};

	mlforge_fft_load_all(fft, &cursor, false);
}
