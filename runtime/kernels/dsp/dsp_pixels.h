/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of convolutions for DSP: windows that have been expanded to int16 against pairs
 * of output channels. Private to runtime/kernels. Knows nothing of pictures or borders.
 *
 * A *quad* is four consecutive values k0..k3 of a window, as two words: the pairs (k0, k2) and (k1,
 * k3), which is what SXTB16 makes of four bytes. Expanded windows are quads; of several windows,
 * the words of each come in turn.
 *
 * Weights of two output channels A and B come in quads, too, with 256 * b + a in each half of a
 * word. Two sums then need one extraction instead of two: SXTB16 leaves a, and the word as it is
 * makes 256 * sum_b + sum_a, of which the difference to sum_a is 256 * sum_b modulo 2^32: exact
 * while |sum_b| < 2^23, which the compiler has made sure of.
 */
#ifndef MLFORGE_KERNELS_DSP_PIXELS_H_
#define MLFORGE_KERNELS_DSP_PIXELS_H_

#include "dsp.h"
#include "mlforge/kernels.h"

/* Where the sums of two output channels start, `sum_both` being 256 * bias_b + bias_a modulo 2^32,
 * and how they become int8. */
struct mlforge_dsp_pair {
	int32_t sum_a;
	int32_t sum_both;
	int32_t factor_a;
	int32_t power_a;
	int32_t factor_b;
	int32_t power_b;
};

/* Three windows against all channels of `pairs`. */
struct mlforge_dsp_pixels {
	const struct mlforge_dsp_pair *pairs;
	int8_t *output; /* channel A of the first pair, first pixel */
	uint32_t relu;  /* not 0 where a sum below 0 may have any result up to the zero point */
	int32_t zero_point;
	uint32_t stride;       /* bytes from a pixel to the next in the output */
	const uint32_t *x;     /* three windows */
	const uint32_t *x_end; /* x + 6 * quads */
	uint32_t skip;         /* -quads modulo 8 */
	const int8_t *last;    /* channel A of the last pair, first pixel */
	const uint32_t *weights;
};

/* At least one pair, and at least one quad. */
void mlforge_dsp_pixels_3(const struct mlforge_dsp_pixels *op);

/* One window against `channels` channels; the last pair may have one only. */
void mlforge_dsp_pixel_1(const uint32_t *x, int32_t quads, const struct mlforge_dsp_pair *pairs,
			 const uint32_t *weights, int32_t channels, int32_t zero_point,
			 int8_t *output);

/* Expands `quads` quads, at least one, of three runs of bytes to `to`, and returns the end of what
 * it wrote. */
uint32_t *mlforge_dsp_expand_3(const int8_t *a, const int8_t *b, const int8_t *c, int32_t quads,
			       uint32_t *to);

/* The same for one run. */
uint32_t *mlforge_dsp_expand_1(const int8_t *from, int32_t quads, uint32_t *to);

#endif /* MLFORGE_KERNELS_DSP_PIXELS_H_ */
