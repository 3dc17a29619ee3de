/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D with several output channels per input channel. Taps in the padding count as
 * the zero point, which is what the folded bias expects.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/window.h"

static int32_t sum_of_window(const struct mlforge_depthwise_conv_2d *op, const int8_t *input,
			     const struct mlforge_span *rows, const struct mlforge_span *columns,
			     int32_t channel)
{
	const struct mlforge_window *window = &op->window;
	const int32_t outputs = op->input_channels * op->channel_multiplier;
	const int8_t *weights = op->weights + channel;
	int32_t sum = op->bias[channel];

	input += channel / op->channel_multiplier;
	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		const int32_t y = rows->origin + ky * window->dilation_height;

		for (int32_t kx = 0; kx < window->kernel_width; kx++) {
			const int32_t x = columns->origin + kx * window->dilation_width;
			int32_t value = op->input_zero_point;

			if (ky >= rows->begin && ky < rows->end && kx >= columns->begin &&
			    kx < columns->end) {
				value = input[(y * window->input_width + x) * op->input_channels];
			}
			sum = mlforge_accumulate(sum, value, *weights);
			weights += outputs;
		}
	}
	return sum;
}

void mlforge_depthwise_conv_2d_multi_s8(const struct mlforge_depthwise_conv_2d *op,
					const int8_t *input, int8_t *output, void *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t outputs = op->input_channels * op->channel_multiplier;

	(void)scratch;
	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);

			for (int32_t c = 0; c < outputs; c++) {
				const int32_t sum = sum_of_window(op, input, &rows, &columns, c);

				*output++ = mlforge_finish(sum, op->multiplier[c], op->shift[c],
							   &op->stage);
			}
		}
	}
}
