/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels for int16 activations with int8 weights. Part of mlforge/kernels.h, whose conventions
 * hold here and which includes this file; include that one. Activations are int16_t, 2-byte
 * aligned, with the zero point 0.
 */
#ifndef MLFORGE_KERNELS_S16_H_
#define MLFORGE_KERNELS_S16_H_

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the accumulator of channel c becomes int16; results are clamped to low..high.
 *
 * If `wide`, accumulators have 64 bits, their magnitude is below 2^47, `multiplier` has 15 bits,
 * and the result is
 * `(acc * multiplier + 2^(shift - 1)) / 2^shift`, rounded down, modulo 2^32; shift in 8..46.
 * Otherwise `multiplier` and `shift` are what the head of mlforge/kernels.h says: for accumulators
 * of 32 bits, as the reference has them. Where an accumulator outgrows these, which wraps in the
 * reference, it is kept in 64 bits all the same.
 */
struct mlforge_channels_s16 {
	int16_t low;
	int16_t high;
	uint8_t wide;
	uint8_t step; /* 1 where each channel has its own multiplier and shift, 0 where there is one
			 for all */
	const int32_t *bias;       /* [channels]; NULL for none, or for wide_bias */
	const int64_t *wide_bias;  /* [channels], where 32 bits are too few; else NULL */
	const int32_t *multiplier; /* [channels] or [1] */
	const int8_t *shift;       /* [channels] or [1] */
};

/* CONV_2D. Weights [output_channels][kernel_height][kernel_width][input_channels / groups]. */
struct mlforge_conv_2d_s16 {
	struct mlforge_window window;
	uint16_t input_channels;
	uint16_t output_channels;
	uint16_t groups; /* output channel c reads those of group c * groups / output_channels */
	const int8_t *weights;
	struct mlforge_channels_s16 channels;
};

void mlforge_conv_2d_s16(const struct mlforge_conv_2d_s16 *op, const void *input, void *output);

/* DEPTHWISE_CONV_2D. Output channel c reads input channel c / channel_multiplier.
 * Weights [kernel_height * kernel_width][output channels]. */
struct mlforge_depthwise_conv_2d_s16 {
	struct mlforge_window window;
	uint16_t input_channels;
	uint16_t channel_multiplier;
	const int8_t *weights;
	struct mlforge_channels_s16 channels;
};

void mlforge_depthwise_conv_2d_s16(const struct mlforge_depthwise_conv_2d_s16 *op,
				   const void *input, void *output);

/* FULLY_CONNECTED. Weights [outputs][inputs], input [rows][inputs], output [rows][outputs]. */
struct mlforge_fully_connected_s16 {
	uint32_t rows;
	uint32_t inputs;
	uint32_t outputs;
	const int8_t *weights;
	struct mlforge_channels_s16 channels;
};

void mlforge_fully_connected_s16(const struct mlforge_fully_connected_s16 *op, const void *input,
				 void *output);

/* TRANSPOSE_CONV: as mlforge_transpose_conv_s8. */
struct mlforge_transpose_conv_s16 {
	uint16_t input_height;
	uint16_t input_width;
	uint16_t output_height;
	uint16_t output_width;
	uint16_t kernel_height;
	uint16_t kernel_width;
	uint16_t stride_height;
	uint16_t stride_width;
	uint16_t pad_top;
	uint16_t pad_left;
	uint16_t input_channels;
	uint16_t output_channels;
	const int8_t *weights;
	struct mlforge_channels_s16 channels;
};

void mlforge_transpose_conv_s16(const struct mlforge_transpose_conv_s16 *op, const void *input,
				void *output);

/* AVERAGE_POOL_2D and MAX_POOL_2D. Padding takes no part in the average or the maximum. */
struct mlforge_pool_2d_s16 {
	struct mlforge_window window;
	uint16_t channels;
	int16_t low;
	int16_t high;
};

void mlforge_average_pool_2d_s16(const struct mlforge_pool_2d_s16 *op, const void *input,
				 void *output);
void mlforge_max_pool_2d_s16(const struct mlforge_pool_2d_s16 *op, const void *input, void *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_S16_H_ */
