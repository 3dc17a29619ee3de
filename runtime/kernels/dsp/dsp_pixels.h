/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of convolutions for DSP: windows that have been expanded to int16 against pairs
 * of output channels. Private to runtime/kernels. Knows nothing of pictures or borders.
 *
 * Quads and pairs of channels are those of dsp_pairs.h; of several windows, the words of each come
 * in turn.
 */
#ifndef MLFORGE_KERNELS_DSP_PIXELS_H_
#define MLFORGE_KERNELS_DSP_PIXELS_H_

#include "dsp_pairs.h"

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

/* Expands `quads` quads, at least one, of three runs of bytes to `to`, and returns the end of what
 * it wrote. */
uint32_t *mlforge_dsp_expand_3(const int8_t *a, const int8_t *b, const int8_t *c, int32_t quads,
			       uint32_t *to);

#endif /* MLFORGE_KERNELS_DSP_PIXELS_H_ */
