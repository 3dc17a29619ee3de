/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D on cores with Arm's DSP extension. Portable C with assembly for those cores:
 * every other core runs it too, with the same results. The conventions are those of
 * mlforge/kernels.h.
 */
#ifndef MLFORGE_KERNELS_DSP_DEPTHWISE_H_
#define MLFORGE_KERNELS_DSP_DEPTHWISE_H_

#include <stdint.h>

#include "mlforge/kernels.h"
#include "mlforge/kernels_dsp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One output channel for each input channel, which are next to each other, or `output_step` apart
 * where several calls make several outputs of each input channel. The window's "height" counts
 * rows, which are taken one after the other, its "width" the columns within a row, which are taken
 * four at a time; where `is_transposed` is set, the rows are the picture's columns. Output rows are
 * made in bands, as scratch holds no more.
 *
 * Weights [channels][kernel_height][kernel_width]; no accumulator reaches 2^28. */
struct mlforge_dsp_depthwise {
	struct mlforge_window window;
	uint16_t channels;
	uint16_t band_rows;     /* output rows at a time */
	uint16_t plane_columns; /* elements in a row of a plane: even */
	uint16_t output_step;   /* from the output of a channel to that of the next */
	uint8_t is_transposed;
	int8_t input_zero_point;
	int16_t zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	const int8_t *weights;
	struct mlforge_dsp_channels outputs;
};

/* All work in place where input and output are the same size: with stride 1 and output_step 1.
 * `scratch`, 4-byte aligned: 4 bytes for each word of a channel's weights (see below), then 8 bytes
 * for each element of a row of a plane, for as many rows as a band reads.
 *
 * For 3x3, without dilation; stride_width 1 or 2. Six words. */
void mlforge_dsp_depthwise_3x3_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
				  int8_t *output, void *scratch);
void mlforge_dsp_depthwise_3x3_stride_2_s8(const struct mlforge_dsp_depthwise *op,
					   const int8_t *input, int8_t *output, void *scratch);

/* The same where zero_point is -128, as after a ReLU. */
void mlforge_dsp_depthwise_3x3_relu_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
				       int8_t *output, void *scratch);
void mlforge_dsp_depthwise_3x3_stride_2_relu_s8(const struct mlforge_dsp_depthwise *op,
						const int8_t *input, int8_t *output, void *scratch);

/* For any window with stride_width 1 and dilation_width 1. 2 * (kernel_width / 2 + 1) words for
 * each row of the kernel. */
void mlforge_dsp_depthwise_stride_1_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
				       int8_t *output, void *scratch);

/* For any window. For each row of the kernel: (kernel_width + 1) / 2 words without dilation of the
 * columns, else kernel_width words. */
void mlforge_dsp_depthwise_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
			      int8_t *output, void *scratch);

/* The same layer for few pixels, at least four channels, and any window. Channels are taken in
 * groups of four; where their number is no multiple of that, the last group begins with the fourth
 * channel from the end. Weights: for each group and each two taps the bytes (c0, t0), (c1, t0),
 * (c0, t1), (c1, t1), then those of c2 and c3. `sums` and `factors` hold the start of the sum, and
 * factor and power, for each channel of each group. No accumulator reaches 2^28. */
struct mlforge_dsp_depthwise_pixel {
	struct mlforge_window window;
	uint16_t channels;
	uint8_t has_padding;
	int8_t input_zero_point;
	int16_t zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	const int32_t *weights;
	const int32_t *sums;    /* [groups][4] */
	const int32_t *factors; /* [groups][4][2] */
};

/* `scratch`, 4-byte aligned: 4 bytes for each tap, their number rounded up to an even one; then,
 * with padding, a byte for each channel. */
void mlforge_dsp_depthwise_pixel_s8(const struct mlforge_dsp_depthwise_pixel *op,
				    const int8_t *input, int8_t *output, void *scratch);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_DSP_DEPTHWISE_H_ */
