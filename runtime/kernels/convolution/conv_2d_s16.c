/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D of int16. Padding is zero and left out. Without dilation, a row of the window is one
 * contiguous run.
 */
#include <stdbool.h>

#include "kernels/shared/channels_s16.h"
#include "kernels/shared/window.h"

/* The sum of channel c's products over the part of the window that lies inside the input. */
static int64_t sum_of_window(const struct mlforge_conv_2d_s16 *op, const int16_t *input,
			     const struct mlforge_span *rows, const struct mlforge_span *columns,
			     int32_t c)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->input_channels;
	const int32_t depth = channels / op->groups;
	const int32_t first = c * op->groups / op->output_channels * depth;
	const int32_t inside = columns->end - columns->begin;
	const bool whole = window->dilation_width == 1 && op->groups == 1;
	const int32_t taps = whole ? 1 : inside;
	const int32_t run = whole ? inside * depth : depth;
	int64_t sum = mlforge_bias_s16(&op->channels, c);

	for (int32_t ky = rows->begin; ky < rows->end; ky++) {
		const int32_t y = rows->origin + ky * window->dilation_height;
		const int32_t x = columns->origin + columns->begin * window->dilation_width;
		const int16_t *from = input + (y * window->input_width + x) * channels + first;
		const int8_t *weights =
			op->weights +
			((c * window->kernel_height + ky) * window->kernel_width + columns->begin) *
				depth;

		for (int32_t tap = 0; tap < taps; tap++) {
			sum = mlforge_dot_s16(from + tap * window->dilation_width * channels,
					      weights + tap * depth, run, sum);
		}
	}
	return sum;
}

void mlforge_conv_2d_s16(const struct mlforge_conv_2d_s16 *op, const void *input, void *output)
{
	const struct mlforge_window *window = &op->window;
	int16_t *to = output;

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);

			for (int32_t c = 0; c < op->output_channels; c++) {
				*to++ = mlforge_finish_channel_s16(
					&op->channels, sum_of_window(op, input, &rows, &columns, c),
					c);
			}
		}
	}
}
