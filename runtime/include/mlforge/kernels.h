/* SPDX-License-Identifier: Apache-2.0
 *
 * The int8 kernels that compiled models call. One kernel a file in runtime/kernels; the linker
 * takes those that a model uses. All arithmetic is that of TensorFlow Lite Micro's reference
 * kernels with double rounding, bit for bit.
 *
 * Conventions, for every kernel:
 *  - Activations are int8, channels last, batch 1: a picture is [height][width][channels]. Of
 *    several pictures each gets a call of its own.
 *  - `op` is constant data that the compiler emitted; it is never written, and lives in flash.
 *  - `input`, `output` and `scratch` lie in the arena of the caller. They do not overlap, except
 * where a kernel says that it works in place, and where the compiler has worked out
 * (compiler/ops/shared/overlap.py) that a kernel which goes from front to back is done with what it
 * writes over. No alignment is assumed unless a kernel says so.
 *  - Integer overflow of an accumulator wraps, as it does in the reference on two's complement
 * machines.
 *
 * A result is requantised as `y = round2(round1(acc * multiplier / 2^31) / 2^right)`, the
 * multiplier in [2^30, 2^31 - 1] or 0. Tables hold `shift = right - 1`, in [-1, 30]; a smaller
 * value, down to -32, means a shift to the left by `-1 - shift` before the multiplication instead.
 * Where the result is then clamped to less than all of int8, MLFORGE_CLAMPED is subtracted from the
 * shift of the output stage, so that the common case is one comparison.
 */
#ifndef MLFORGE_KERNELS_H_
#define MLFORGE_KERNELS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLFORGE_CLAMPED 66

/* Where a sliding window reads. The compiler has made sure that each output pixel sees at least one
 * input pixel, and that (height, 1) signals are turned into (1, width), so that their windows are
 * contiguous. */
struct mlforge_window {
	uint16_t input_height;
	uint16_t input_width;
	uint16_t output_height;
	uint16_t output_width;
	uint16_t kernel_height;
	uint16_t kernel_width;
	uint16_t stride_height;
	uint16_t stride_width;
	uint16_t dilation_height;
	uint16_t dilation_width;
	int16_t pad_top;
	int16_t pad_left;
};

/* How accumulators become int8: `clamp(requantise(acc), low, high) + zero_point`. */
struct mlforge_output_stage {
	int16_t low;  /* smallest result, less zero_point */
	int16_t high; /* largest result, less zero_point */
	int16_t zero_point;
};

#define MLFORGE_WALK_RANK 6

/* Two inputs walked together in the order of the output, which has the product of `size` elements.
 * The outermost dimension comes first; unused ones have size 1. Steps count elements; a step of 0
 * uses an element again. Innermost steps are 0 or 1. */
struct mlforge_walk {
	uint32_t size[MLFORGE_WALK_RANK];
	uint32_t step_1[MLFORGE_WALK_RANK];
	uint32_t step_2[MLFORGE_WALK_RANK];
};

/* CONV_2D. Weights [output_channels][kernel_height][kernel_width][input_channels], values
 * -128..127. `bias` has the input's zero point folded in: bias[o] - input_zero_point *
 * sum(weights[o]). Two output pixels and two output channels at a time. */
struct mlforge_conv_2d {
	struct mlforge_window window;
	uint16_t input_channels;
	uint16_t output_channels;
	int8_t input_zero_point; /* what padding is filled with */
	struct mlforge_output_stage stage;
	const int8_t *weights;
	const int32_t *bias;       /* [output_channels] */
	const int32_t *multiplier; /* [output_channels] */
	const int8_t *shift;       /* [output_channels] */
};

/* `scratch`: 2 * kernel_height * kernel_width * input_channels bytes; unused (may be any pointer)
 * for windows of one row without padding and dilation. */
void mlforge_conv_2d_s8(const struct mlforge_conv_2d *op, const int8_t *input, int8_t *output,
			int8_t *scratch);

/* CONV_2D in groups: output channel c reads only the input_channels / groups channels of group
 * c * groups / output_channels. Weights [output_channels][kernel_height][kernel_width]
 * [input_channels / groups]. DEPTHWISE_CONV_2D with several outputs for each input channel is one
 * with as many groups as input channels. */
struct mlforge_grouped_conv_2d {
	struct mlforge_conv_2d conv;
	uint16_t groups;
};

/* `scratch`: 2 * kernel_height * kernel_width * input_channels / groups bytes. */
void mlforge_grouped_conv_2d_s8(const struct mlforge_grouped_conv_2d *op, const int8_t *input,
				int8_t *output, int8_t *scratch);

/* DEPTHWISE_CONV_2D with one output for each input channel.
 * Weights [kernel_height * kernel_width][input_channels]; `bias` folded as in mlforge_conv_2d. */
struct mlforge_depthwise_conv_2d {
	struct mlforge_window window;
	uint16_t input_channels;
	int8_t input_zero_point;
	struct mlforge_output_stage stage;
	const int8_t *weights;
	const int32_t *bias;
	const int32_t *multiplier;
	const int8_t *shift;
};

/* `scratch`: kernel_height * kernel_width int32_t, 4-byte aligned, then input_channels bytes. Input
 * and scratch must lie in the same arena. */
void mlforge_depthwise_conv_2d_s8(const struct mlforge_depthwise_conv_2d *op, const int8_t *input,
				  int8_t *output, void *scratch);

#define MLFORGE_MATMUL_AXES 3

/* BATCH_MATMUL: first [rows][depth] times second [depth][columns] for each place of `batch`, of
 * which either may be the same matrix again (a step of 0). Steps are in elements, so that a
 * transposed matrix has other ones. Of int8, `multiplier` and `shift` are those of the head; of
 * int16 they are those of `wide` accumulators (mlforge/kernels_s16.h), and zero points are 0. */
struct mlforge_batch_matmul {
	uint16_t batch[MLFORGE_MATMUL_AXES];
	uint16_t rows;
	uint16_t depth;
	uint16_t columns;
	int32_t first_step[MLFORGE_MATMUL_AXES];
	int32_t second_step[MLFORGE_MATMUL_AXES];
	int32_t first_row_step;
	int32_t first_column_step;
	int32_t second_row_step;
	int32_t second_column_step;
	int16_t first_zero_point;
	int16_t second_zero_point;
	struct mlforge_output_stage stage;
	int8_t shift;
	int32_t multiplier;
};

void mlforge_batch_matmul_s8(const struct mlforge_batch_matmul *op, const int8_t *first,
			     const int8_t *second, int8_t *output);
void mlforge_batch_matmul_s16(const struct mlforge_batch_matmul *op, const void *first,
			      const void *second, void *output);

/* FULLY_CONNECTED with one multiplier for all outputs. Weights [outputs][inputs]; `bias` folded as
 * in mlforge_conv_2d. Input [rows][inputs], output [rows][outputs]. */
struct mlforge_fully_connected {
	uint32_t rows;
	uint32_t inputs;
	uint32_t outputs;
	struct mlforge_output_stage stage;
	int8_t shift;
	int32_t multiplier;
	const int8_t *weights;
	const int32_t *bias;
};

void mlforge_fully_connected_s8(const struct mlforge_fully_connected *op, const int8_t *input,
				int8_t *output);

/* TRANSPOSE_CONV. Weights [output_channels][kernel_height][kernel_width][input_channels], values
 * -128..127. Input pixel (y, x) reaches the output pixels from (y * stride_height - pad_top, x *
 * stride_width - pad_left) on. */
struct mlforge_transpose_conv {
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
	int8_t input_zero_point;
	struct mlforge_output_stage stage;
	const int8_t *weights;
	const int32_t *bias;       /* [output_channels], as the model has it */
	const int32_t *multiplier; /* [output_channels] */
	const int8_t *shift;       /* [output_channels] */
};

void mlforge_transpose_conv_s8(const struct mlforge_transpose_conv *op, const int8_t *input,
			       int8_t *output);

/* AVERAGE_POOL_2D and MAX_POOL_2D. Padding takes no part in the average or the maximum. */
struct mlforge_pool_2d {
	struct mlforge_window window;
	uint16_t channels;
	int8_t low; /* smallest and largest result */
	int8_t high;
};

void mlforge_average_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input,
				int8_t *output);
void mlforge_max_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input, int8_t *output);

/* ADD. Each input is brought to a common scale with 20 fraction bits. Works in place on either
 * input. Input i has count elements where repeat_i is 0; else it has repeat_i elements, used over
 * and over. At most one of the two is repeated. */
struct mlforge_add {
	uint32_t count;
	uint32_t repeat_1;
	uint32_t repeat_2;
	int16_t zero_point_1;
	int16_t zero_point_2;
	int8_t shift_1;
	int8_t shift_2;
	int8_t shift_output;
	struct mlforge_output_stage stage;
	int32_t multiplier_1;
	int32_t multiplier_2;
	int32_t multiplier_output;
};

void mlforge_add_s8(const struct mlforge_add *op, const int8_t *input_1, const int8_t *input_2,
		    int8_t *output);

/* SOFTMAX over rows of `depth`; the output's scale is 1/256 and its zero point -128. Works in
 * place. `multiplier` and `left_shift` bring a difference of inputs to a Q5.26 fixed-point number;
 * a difference below `difference_min` counts as minus infinity. */
struct mlforge_softmax {
	uint32_t rows;
	uint32_t depth;
	int32_t multiplier;
	int32_t left_shift;
	int32_t difference_min;
};

void mlforge_softmax_s8(const struct mlforge_softmax *op, const int8_t *input, int8_t *output);

/* The same into int16: the output's scale is 1/65536 and its zero point -32768. `output` is
 * int16_t, 2-byte aligned, and does not overlap the input. */
void mlforge_softmax_s8_to_s16(const struct mlforge_softmax *op, const int8_t *input, void *output);

/* Any element-wise function of one int8: `table[value + 128]`, worked out by the compiler. Works in
 * place. */
struct mlforge_lookup {
	uint32_t count;
	const int8_t *table; /* [256] */
};

void mlforge_lookup_s8(const struct mlforge_lookup *op, const int8_t *input, int8_t *output);

/* PAD of up to four axes: the output is filled with `value`, and the input copied into its middle.
 */
struct mlforge_pad {
	uint16_t input_shape[4];
	uint16_t before[4];
	uint16_t after[4];
	int8_t value;
};

void mlforge_pad_s8(const struct mlforge_pad *op, const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#include "mlforge/kernels_compression.h"
#include "mlforge/kernels_dsp.h"
#include "mlforge/kernels_dsp_depthwise.h"
#include "mlforge/kernels_elementwise.h"
#include "mlforge/kernels_logic.h"
#include "mlforge/kernels_movement.h"
#include "mlforge/kernels_recurrent.h"
#include "mlforge/kernels_stream.h"
#include "mlforge/kernels_trees.h"
#include "mlforge/kernels_s16.h"
#include "mlforge/kernels_signal.h"
#include "mlforge/kernels_mve.h"
#include "mlforge/kernels_packed.h"

#endif /* MLFORGE_KERNELS_H_ */
