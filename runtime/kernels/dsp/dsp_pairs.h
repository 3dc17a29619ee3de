/* SPDX-License-Identifier: Apache-2.0
 *
 * Two sums that share an extraction: a vector that has been expanded to int16 against pairs of
 * outputs. Private to runtime/kernels. Knows nothing of pictures.
 *
 * A *quad* is four consecutive values k0..k3 of the vector, as two words: the pairs (k0, k2) and
 * (k1, k3), which is what SXTB16 makes of four bytes.
 *
 * Weights of two outputs A and B come in quads, too, with 256 * b + a in each half of a word. Two
 * sums then need one extraction instead of two: SXTB16 leaves a, and the word as it is makes 256 *
 * sum_b + sum_a, of which the difference to sum_a is 256 * sum_b modulo 2^32: exact while |sum_b| <
 * 2^23, which the compiler has made sure of.
 */
#ifndef MLFORGE_KERNELS_DSP_PAIRS_H_
#define MLFORGE_KERNELS_DSP_PAIRS_H_

#include "dsp.h"
#include "mlforge/kernels.h"

/* Where the sums of two outputs start, `sum_both` being 256 * bias_b + bias_a modulo 2^32, and how
 * they become int8. */
struct mlforge_dsp_pair {
	int32_t sum_a;
	int32_t sum_both;
	int32_t factor_a;
	int32_t power_a;
	int32_t factor_b;
	int32_t power_b;
};

/* `outputs` of them; the last pair may have one only. */
void mlforge_dsp_pairs(const uint32_t *x, int32_t quads, const struct mlforge_dsp_pair *pairs,
		       const uint32_t *weights, int32_t outputs, int32_t zero_point,
		       int8_t *output);

/* Expands `quads` quads to `to`, and returns the end of what it wrote. */
uint32_t *mlforge_dsp_expand(const int8_t *from, int32_t quads, uint32_t *to);

#endif /* MLFORGE_KERNELS_DSP_PAIRS_H_ */
