/* SPDX-License-Identifier: Apache-2.0
 *
 * Discrete cosine transform, type II. Row k of the matrix is symmetric for even k and antisymmetric
 * for odd k, so that half of it suffices: over sums of opposite values, or over their differences.
 */
#include "mlforge/pipeline.h"
#include "features/vectors.h"

/* Sums to folded[0 ..], differences to folded[half ..]. The middle one of an odd number has no
 * partner. */
static void mlforge_dct_fold(const int32_t *in, uint32_t step, uint32_t length, int32_t *folded)
{
	const uint32_t half = (length + 1U) / 2U;
	const int32_t *last = &in[(length - 1U) * step];

	for (uint32_t i = 0; i < length / 2U; i++, in += step, last -= step) {
		folded[i] = *in + *last;
		folded[half + i] = *in - *last;
	}
	if (length % 2U != 0) {
		folded[half - 1U] = *in;
		folded[2U * half - 1U] = 0;
	}
}

static int64_t mlforge_dct_row(const int32_t *folded, const int16_t *factors, uint32_t count)
{
#if MLFORGE_VECTORS
	return mlforge_dot_vectors(folded, factors, count);
#else
	int64_t sum = 0;

	for (uint32_t i = 0; i < count; i++) {
		/* At most 2^16 * 2^15 * sqrt(2) / 2: see the emitter's range of inputs. */
		sum += folded[i] * factors[i];
	}
	return sum;
#endif
}

uint32_t mlforge_dct_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			     void *output)
{
	const struct mlforge_dct *dct = stage->tables;
	const uint32_t half = (dct->length + 1U) / 2U;
	const int64_t rounding = (int64_t)1 << (dct->shift - 1);
	int32_t *out = output;
	int32_t *folded = stage->work;

	for (uint32_t channel = 0; channel < dct->channels; channel++) {
		const int16_t *factors = dct->factors;

		mlforge_dct_fold((const int32_t *)input + channel, dct->channels, dct->length,
				 folded);
		for (uint32_t i = 0; i < dct->coefficients; i++, factors += half) {
			const int64_t sum = mlforge_dct_row(&folded[i % 2U * half], factors, half);

			out[i * dct->channels + channel] =
				(int32_t)((sum + rounding) >> dct->shift);
		}
	}
	return count;
}
