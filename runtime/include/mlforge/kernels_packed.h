/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that compiled models call on 32-bit cores that have no instructions for several small
 * numbers at a time. The conventions are those of mlforge/kernels.h.
 */
#ifndef MLFORGE_KERNELS_PACKED_KERNELS_H_
#define MLFORGE_KERNELS_PACKED_KERNELS_H_

#include <stdint.h>

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* CONV_2D, two products in one multiplication (see runtime/kernels/packed/packed.h). No sum reaches
 * 2^29 in magnitude; the multiplier is in [2^30, 2^31), the shift to the right in 1..20.
 *
 * Weights [output_channels][depth]: those of mlforge_conv_2d, the elements of a window rounded up
 * to a multiple of 4 with zeros. A channel has blocks of 2, 4 or 8 elements; the sum of the
 * products of any one of them with any input fits into int16. */
struct mlforge_packed_conv_2d {
	struct mlforge_window window;
	uint16_t input_channels;
	uint16_t output_channels;
	uint16_t depth;
	uint8_t has_padding;
	int8_t input_zero_point; /* what padding is filled with */
	int8_t low;              /* smallest and largest result */
	int8_t high;
	int8_t zero_point;
	const int8_t *weights;
	const uint32_t
		*channels; /* [output_channels][2]: bias - 2^15 * blocks; twice the multiplier */
	const uint8_t
		*codes; /* [output_channels]: shift - 1 + 32 * (0, 1, 2 for blocks of 2, 4, 8) */
};

/* `scratch`, 4-byte aligned: 8 * depth bytes, then 5 * kernel_width * input_channels bytes. */
void mlforge_packed_conv_2d_s8(const struct mlforge_packed_conv_2d *op, const int8_t *input,
			       int8_t *output, void *scratch);

/* The same for Thumb-1. Weights are 128 more, as uint8. `scratch`: 15 * depth bytes, then as above.
 */
void mlforge_thumb1_conv_2d_s8(const struct mlforge_packed_conv_2d *op, const int8_t *input,
			       int8_t *output, void *scratch);

/* DEPTHWISE_CONV_2D of 3x3 without strides and dilation, one output for each input channel, as
 * large as the input; limits as in mlforge_packed_conv_2d. The products of each row of the kernel
 * with any input fit into int16, or else (a code of 32 more) those of its first two elements and of
 * its third. Works in place. */
struct mlforge_packed_depthwise_3x3 {
	struct mlforge_window window; /* its rows are the picture's columns where `is_transposed` */
	uint16_t channels;
	uint16_t band_rows; /* of output, that are made at a time */
	uint8_t is_transposed;
	int8_t input_zero_point; /* what padding is filled with */
	int8_t low;              /* smallest and largest result */
	int8_t high;
	int8_t zero_point;
	const int8_t *weights;  /* [channels][3][3], by the window's rows */
	const uint32_t *starts; /* [channels][2]: bias - 2^15 * blocks; twice the multiplier */
	const uint8_t *codes;   /* [channels]: shift - 1 */
};

/* `scratch`, 4-byte aligned: band_rows + 2 rows of words, of each of which there are the output's
 * columns, rounded up to an even number, and 1. */
void mlforge_packed_depthwise_3x3_s8(const struct mlforge_packed_depthwise_3x3 *op,
				     const int8_t *input, int8_t *output, void *scratch);

/* FULLY_CONNECTED. Input [rows][inputs], output [rows][outputs]; limits as in
 * mlforge_packed_conv_2d.
 *
 * Weights are uint8, 128 more than they stand for, for groups of four outputs A, B, C, D (zeros
 * where there are fewer): [group][(inputs, rounded up to a multiple of 4) / 2][4][2], two of each
 * output in turn. A group has blocks of 2, 4 or 8 inputs, as there. */
struct mlforge_packed_fully_connected {
	uint32_t rows;
	uint32_t inputs;
	uint32_t outputs;
	int16_t zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	uint8_t per_output;      /* whether each output has a factor and a shift of its own */
	const uint32_t *weights; /* four bytes in a word, the first lowest */
	const uint32_t *bias;    /* [groups * 4]: bias - 2^15 * blocks */
	const uint32_t *factors; /* [outputs] or [1]: twice the multiplier */
	const uint8_t *shifts;   /* [outputs] or [1]: shift - 1 */
	const uint8_t *blocks;   /* [groups] */
};

/* `scratch`, 4-byte aligned: 2 bytes for each input, rounded up to a multiple of 4. */
void mlforge_packed_fully_connected_s8(const struct mlforge_packed_fully_connected *op,
				       const int8_t *input, int8_t *output, void *scratch);

/* The same for Thumb-1, without blocks. Weights are 0 where there are no inputs or outputs. The
 * bias is that of mlforge_fully_connected less 128 times the sum of the weights. */
void mlforge_thumb1_fully_connected_s8(const struct mlforge_packed_fully_connected *op,
				       const int8_t *input, int8_t *output, void *scratch);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_PACKED_KERNELS_H_ */
