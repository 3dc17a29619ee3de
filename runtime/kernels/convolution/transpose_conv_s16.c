/* SPDX-License-Identifier: Apache-2.0
 *
 * TRANSPOSE_CONV of int16: each output pixel gathers what input pixels would scatter to it.
 */
#include "kernels/shared/channels_s16.h"
#include "transpose_conv.h"

static int64_t sum_of_pixel(const struct mlforge_transpose_conv_s16 *op, const int16_t *input,
			    const struct mlforge_reach *rows, const struct mlforge_reach *columns,
			    int32_t o)
{
	const int32_t size = op->input_channels;
	const int8_t *weights = op->weights + o * op->kernel_height * op->kernel_width * size;
	int64_t sum = mlforge_bias_s16(&op->channels, o);

	for (int32_t r = 0; r < rows->count; r++) {
		const int32_t ky = rows->tap + r * op->stride_height, y = rows->position - r;

		for (int32_t c = 0; c < columns->count; c++) {
			const int32_t kx = columns->tap + c * op->stride_width,
				      x = columns->position - c;

			sum = mlforge_dot_s16(input + (y * op->input_width + x) * size,
					      weights + (ky * op->kernel_width + kx) * size, size,
					      sum);
		}
	}
	return sum;
}

void mlforge_transpose_conv_s16(const struct mlforge_transpose_conv_s16 *op, const void *input,
				void *output)
{
	int16_t *to = output;

	for (int32_t y = 0; y < op->output_height; y++) {
		const struct mlforge_reach rows = mlforge_reach_of(
			y + op->pad_top, op->stride_height, op->kernel_height, op->input_height);

		for (int32_t x = 0; x < op->output_width; x++) {
			const struct mlforge_reach columns =
				mlforge_reach_of(x + op->pad_left, op->stride_width,
						 op->kernel_width, op->input_width);

			for (int32_t o = 0; o < op->output_channels; o++) {
				const int64_t sum = sum_of_pixel(op, input, &rows, &columns, o);

				*to++ = mlforge_finish_channel_s16(&op->channels, sum, o);
			}
		}
	}
}
