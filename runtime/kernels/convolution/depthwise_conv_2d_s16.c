/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D of int16. Padding is zero and left out.
 */
#include "kernels/shared/channels_s16.h"
#include "kernels/shared/window.h"

static int64_t sum_of_window(const struct mlforge_depthwise_conv_2d_s16 *op, const int16_t *input,
			     const struct mlforge_span *rows, const struct mlforge_span *columns,
			     int32_t c)
{
	const struct mlforge_window *window = &op->window;
	const int32_t depth = op->input_channels;
	const int32_t outputs = depth * op->channel_multiplier;
	int64_t sum = mlforge_bias_s16(&op->channels, c);

	for (int32_t ky = rows->begin; ky < rows->end; ky++) {
		const int32_t y = rows->origin + ky * window->dilation_height;

		for (int32_t kx = columns->begin; kx < columns->end; kx++) {
			const int32_t x = columns->origin + kx * window->dilation_width;

			sum += input[(y * window->input_width + x) * depth +
				     c / op->channel_multiplier] *
			       op->weights[(ky * window->kernel_width + kx) * outputs + c];
		}
	}
	return sum;
}

void mlforge_depthwise_conv_2d_s16(const struct mlforge_depthwise_conv_2d_s16 *op,
				   const void *input, void *output)
{
	const struct mlforge_window *window = &op->window;
	const int32_t outputs = op->input_channels * op->channel_multiplier;
	int16_t *to = output;

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);

			for (int32_t c = 0; c < outputs; c++) {
				*to++ = mlforge_finish_channel_s16(
					&op->channels, sum_of_window(op, input, &rows, &columns, c),
					c);
			}
		}
	}
}
