/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of convolutions for DSP: windows of five pixels that have been expanded against
 * one output channel after the other. Private to runtime/kernels. Knows nothing of pictures or
 * borders.
 *
 * A *quad* is four consecutive values k0..k3 of a window. It is expanded to two words, whose halves
 * are
 *
 *   U: k0 + 129, k2 + 129
 *   V: -256 * k1 - (k0 + 129), -256 * k3 - (k2 + 129)
 *
 * which are one instruction each: SXTAB16 with 129, and an exclusive or of the four bytes. Weights
 * w0..w3 are a word of the halves 256 * w0 - w1 and 256 * w2 - w3, of which SXTB16 leaves -w1 and
 * -w3. So two dual multiplications,
 *
 *   (256 w0 - w1) (k0 + 129) - w1 (-256 k1 - (k0 + 129)) = 256 (w0 (k0 + 129) + w1 k1)
 *
 * and the same of the other halves, make four products for one extraction, and there is but one sum
 * of a pixel and a channel: 256 times the real one, where that starts at the bias less 129 times
 * the weights of all k0 and k2. It is exact while the real one is below 2^23 in magnitude, which
 * the compiler has made sure of.
 *
 * How 256 times a sum a becomes int8, with the multiplier M in [2^30, 2^31) and a shift to the
 * right by e in 2..31: the reference's first step is x = floor(a M / 2^31 + 1/2), its second
 * floor((x - (a < 0) + 2^(e-1)) / 2^e). Floors of floors are floors of the whole:
 *
 *   z = floor(256 a M / 2^32) = floor(128 a M / 2^31)      SMMUL
 *   floor((z + 64 - 128 (a < 0) + 2^(e+6)) / 2^(e+7))      SMMLAR with 2^(25-e)
 *
 * For e > 25 nothing but 0 can come of it, and the power is 0.
 */
#ifndef MLFORGE_KERNELS_DSP_PIXELS_H_
#define MLFORGE_KERNELS_DSP_PIXELS_H_

#include "dsp.h"
#include "mlforge/kernels.h"

#define MLFORGE_DSP_PIXELS 5

/* Where the sum of an output channel starts, times 256, and how it becomes int8: M and 2^(25-e). */
struct mlforge_dsp_sum {
	int32_t start;
	int32_t multiplier;
	int32_t power;
};

/* Windows against all channels of `sums`. The assembly knows the order. */
struct mlforge_dsp_pixels {
	int8_t *output;                     /* channel 0 of the first pixel */
	const struct mlforge_dsp_sum *sums; /* a further one may be read, and counts for nothing */
	uint32_t stride;                    /* bytes from a pixel to the next in the output */
	int32_t half;                       /* 64 */
	int32_t zero_point;
	uint32_t behind_quads; /* where the assembly goes on, by mlforge_dsp_enter_5 or _4 */
	const int8_t *last;    /* output + channels */
	const uint32_t *x;     /* for each quad, U of all windows, then V of all */
	uint32_t channel;      /* as `behind_quads`, like the next one */
	uint32_t pairs;
	const uint32_t *x_end;   /* of five windows */
	uint32_t finish;         /* as `behind_quads` */
	const uint32_t *weights; /* [channels][quads] */
	uint32_t quads;          /* of a window: at least 1 */
	uint32_t relu; /* not 0 where a sum below 0 may have any result up to the zero point */
};

/* Five windows, or four of five; `enter` comes before the first of its kind. */
void mlforge_dsp_enter_5(struct mlforge_dsp_pixels *job);
void mlforge_dsp_pixels_5(const struct mlforge_dsp_pixels *job);
void mlforge_dsp_enter_4(struct mlforge_dsp_pixels *job);
void mlforge_dsp_pixels_4(const struct mlforge_dsp_pixels *job);

/* One window that lies alone in `x`. */
void mlforge_dsp_pixels_1(const struct mlforge_dsp_pixels *job);

/* Expands `quads` quads, at least one, of five runs of bytes, which lie `step` apart, in each of
 * `rows` rows, which lie `row_step` apart, and returns the end of what it wrote. */
uint32_t *mlforge_dsp_expand_5(const int8_t *run, int32_t step, int32_t quads, uint32_t *to,
			       int32_t rows, int32_t row_step);

/* The same for one run of `windows`, which is that of the window for which there is room at `to`.
 */
uint32_t *mlforge_dsp_expand_1(const int8_t *run, int32_t quads, int32_t windows, uint32_t *to);

#if !MLFORGE_DSP

/* The first `windows` of five, on any core. */
void mlforge_dsp_pixels_portable(const struct mlforge_dsp_pixels *job, int windows);

#endif

/* A quad's words. */
static inline uint32_t mlforge_dsp_word_u(uint32_t quad)
{
	return mlforge_add_even_bytes(0x00810081U, quad);
}

static inline uint32_t mlforge_dsp_word_v(uint32_t quad)
{
	return quad ^ 0xff7fff7fU;
}

/* What comes of 256 times a sum. */
static inline int8_t mlforge_dsp_finish(int32_t sum, const struct mlforge_dsp_sum *channel,
					int32_t zero_point)
{
	const int32_t scaled = mlforge_smmla(sum, channel->multiplier, 64) - (sum < 0 ? 128 : 0);

	return (int8_t)mlforge_ssat8(mlforge_smmlar(scaled, channel->power, zero_point));
}

#endif /* MLFORGE_KERNELS_DSP_PIXELS_H_ */
