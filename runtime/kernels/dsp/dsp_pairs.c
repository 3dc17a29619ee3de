/* SPDX-License-Identifier: Apache-2.0
 *
 * The last outputs of a dense layer, and what all of its outputs read.
 */
#include "dsp_pairs.h"

uint32_t *mlforge_dsp_expand(const int8_t *from, int32_t quads, uint32_t *to)
{
	for (const int8_t *const end = from + 4 * quads; from != end; from += 4) {
		const uint32_t word = mlforge_load_word(from);

		*to++ = mlforge_even_bytes(word);
		*to++ = mlforge_odd_bytes(word);
	}
	return to;
}

void mlforge_dsp_pairs(const uint32_t *x, int32_t quads, const struct mlforge_dsp_pair *pairs,
		       const uint32_t *weights, int32_t outputs, int32_t zero_point, int8_t *output)
{
	const uint32_t *const x_end = x + 2 * quads;

	for (; outputs > 0; outputs -= 2) {
		int32_t a = pairs->sum_a, both = pairs->sum_both;

		for (const uint32_t *p = x; p != x_end; p += 2) {
			const uint32_t w0 = *weights++, w1 = *weights++;

			a = mlforge_smlad(mlforge_even_bytes(w0), p[0], a);
			both = mlforge_smlad(w0, p[0], both);
			a = mlforge_smlad(mlforge_even_bytes(w1), p[1], a);
			both = mlforge_smlad(w1, p[1], both);
		}
		*output++ = (int8_t)mlforge_dsp_requantise(a, pairs->factor_a, pairs->power_a,
							   zero_point);
		if (outputs > 1) {
			const int32_t b = (int32_t)((uint32_t)both - (uint32_t)a) >> 8;

			*output++ = (int8_t)mlforge_dsp_requantise(b, pairs->factor_b,
								   pairs->power_b, zero_point);
		}
		pairs++;
	}
}
