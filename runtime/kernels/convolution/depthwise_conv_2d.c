/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D with one output channel per input channel. The place of every tap is worked out
 * as an offset from the input, once for a run of output pixels away from the border and once for
 * each at the border, where taps in the padding point to a row of zero points. The channels then
 * run through the taps four at a time, without looking at borders.
 */
#include <stdbool.h>
#include <string.h>

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/dot.h"
#include "kernels/shared/window.h"

/* Fills `taps` for one output pixel; `padding` is the offset of the row of zero points. */
static void place_taps(const struct mlforge_depthwise_conv_2d *op, const struct mlforge_span *rows,
		       const struct mlforge_span *columns, int32_t padding, int32_t *taps)
{
	const struct mlforge_window *window = &op->window;

	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		const int32_t y = rows->origin + ky * window->dilation_height;
		const int32_t is_inside = ky >= rows->begin && ky < rows->end;
		int32_t kx = 0;

		if (is_inside) {
			for (; kx < columns->begin; kx++) {
				*taps++ = padding;
			}
			for (; kx < columns->end; kx++) {
				const int32_t x = columns->origin + kx * window->dilation_width;

				*taps++ = (y * window->input_width + x) * op->input_channels;
			}
		}
		for (; kx < window->kernel_width; kx++) {
			*taps++ = padding;
		}
	}
}

/* Four channels from `c` on. A function of its own, so that the inner loop has the registers to
 * itself. */
static __attribute__((noinline)) void four_channels(const struct mlforge_depthwise_conv_2d *op,
						    const int8_t *input, const int32_t *taps,
						    int32_t c, int8_t *output)
{
	const int32_t size = op->window.kernel_height * op->window.kernel_width;
	const int32_t *bias = op->bias + c;
	const int32_t *multiplier = op->multiplier + c;
	const int8_t *shift = op->shift + c;
	int32_t sums[4] = {bias[0], bias[1], bias[2], bias[3]};

	mlforge_dot_taps_4(input + c, taps, op->weights + c, op->input_channels, size, sums);
	output += c;
	output[0] = mlforge_finish(sums[0], multiplier[0], shift[0], &op->stage);
	output[1] = mlforge_finish(sums[1], multiplier[1], shift[1], &op->stage);
	output[2] = mlforge_finish(sums[2], multiplier[2], shift[2], &op->stage);
	output[3] = mlforge_finish(sums[3], multiplier[3], shift[3], &op->stage);
}

static void one_channel(const struct mlforge_depthwise_conv_2d *op, const int8_t *input,
			const int32_t *taps, int32_t c, int8_t *output)
{
	const int32_t size = op->window.kernel_height * op->window.kernel_width;
	int32_t sum = op->bias[c];

	for (int32_t k = 0; k < size; k++) {
		sum = mlforge_accumulate(sum, input[c + taps[k]],
					 op->weights[k * op->input_channels + c]);
	}
	output[c] = mlforge_finish(sum, op->multiplier[c], op->shift[c], &op->stage);
}

void mlforge_depthwise_conv_2d_s8(const struct mlforge_depthwise_conv_2d *op, const int8_t *input,
				  int8_t *output, void *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->input_channels;
	const int32_t step = window->stride_width * channels;
	int32_t *taps = scratch;
	int8_t *zeros = (int8_t *)(taps + window->kernel_height * window->kernel_width);

	memset(zeros, op->input_zero_point, (uint32_t)channels);
	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);
		const bool rows_are_inside = rows.begin == 0 && rows.end == window->kernel_height;
		const int8_t *from = input; /* what the taps are offsets from */
		bool was_inside = false;

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);
			const bool is_inside = rows_are_inside && columns.begin == 0 &&
					       columns.end == window->kernel_width;
			int32_t c = 0;

			if (is_inside && was_inside) {
				from += step; /* the same taps, one stride on */
			} else {
				from = input;
				place_taps(op, &rows, &columns, (int32_t)(zeros - input), taps);
			}
			was_inside = is_inside;
			for (; c + 4 <= channels; c += 4) {
				four_channels(op, from, taps, c, output);
			}
			for (; c < channels; c++) {
				one_channel(op, from, taps, c, output);
			}
			output += channels;
		}
	}
}
