/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that compiled models call on cores with Arm's vector extension for microcontrollers (MVE,
 * Helium). They have a form in plain C, so that every other core runs them too, with the same
 * results. The conventions are those of mlforge/kernels.h. Sums fit into int32; multipliers are in
 * [2^30, 2^31), shifts to the right in 1..31.
 */
#ifndef MLFORGE_KERNELS_MVE_KERNELS_H_
#define MLFORGE_KERNELS_MVE_KERNELS_H_

#include <stdint.h>

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* CONV_2D. A window has kernel_height * kernel_width * input_channels elements. If those are at
 * most 16, `weights` and `channels` are used: weights as in mlforge_conv_2d, behind which up to 15
 * bytes are read. Else it is `groups`, of four output channels each, c to c + 3. The weights of
 * each fill up whole vectors of 16 with zeros; so do channels of zeros the last group. A group has
 * those of c and c + 2, a vector of each in turn, then bias, multiplier and shift of c and of c +
 * 2, then the same of c + 1 and c + 3. */
struct mlforge_mve_conv_2d {
	struct mlforge_window window;
	uint16_t input_channels;
	uint16_t output_channels;
	int16_t zero_point;
	int8_t input_zero_point; /* what padding is filled with */
	int8_t low;              /* smallest and largest result */
	int8_t high;
	const int8_t *weights;
	const int32_t *channels; /* [output_channels][3]: bias, multiplier, and the shift to the
				    left, so that it is negative */
	const int32_t *groups;
};

/* With windows of more than 16 elements, output is 4-byte aligned. `scratch`, likewise: four
 * windows, each filled up to whole vectors if there are more than one; none for windows of one row
 * without padding and dilation that are whole as they are. With groups that are not whole, their
 * outputs for four pixels more. */
void mlforge_mve_conv_2d_s8(const struct mlforge_mve_conv_2d *op, const int8_t *input,
			    int8_t *output, int8_t *scratch);

/* DEPTHWISE_CONV_2D with windows of 3x3, stride 1 or 2 in both directions, without dilation, and
 * one output for each input channel. */
struct mlforge_mve_depthwise {
	struct mlforge_window window;
	uint16_t channels;
	int16_t zero_point;
	int8_t input_zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	const int8_t *weights;  /* [channels][3][3]; up to 3 bytes behind them are read */
	const int32_t *records; /* [channels][3], as in struct mlforge_mve_conv_2d */
};

/* `scratch`, 4-byte aligned and in the arena of the output: with stride 1, 1488 bytes and 64 * (2 *
 * ceil(output_width / 2) + 2) more; with stride 2, 1232 bytes and 48 * (8 * ceil(output_width / 4)
 * + 1) more. Works in place where input and output have the same shape. */
void mlforge_mve_depthwise_3x3_s8(const struct mlforge_mve_depthwise *op, const int8_t *input,
				  int8_t *output, int8_t *scratch);

/* FULLY_CONNECTED. Weights and bias as in mlforge_fully_connected; all tables but the weights have
 * a multiple of four elements. Input [rows][inputs], output [rows][outputs]. */
struct mlforge_mve_fully_connected {
	uint32_t rows;
	uint32_t inputs;
	uint32_t outputs;
	int16_t zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	uint8_t per_output; /* whether each output has a multiplier and a shift of its own */
	const int8_t *weights;
	const int32_t *bias;
	const int32_t *multiplier; /* [outputs, rounded up] or four times the same one */
	const int32_t *shift;      /* likewise; to the left, so that they are negative */
};

void mlforge_mve_fully_connected_s8(const struct mlforge_mve_fully_connected *op,
				    const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_MVE_KERNELS_H_ */
