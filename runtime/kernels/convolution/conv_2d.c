/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D. The window of an output pixel is one contiguous run of bytes: a run of the input where
 * the window has one row inside the input, else a copy in scratch with the padding filled in. Then
 * each pair of pixels meets each pair of channels, so that every value loaded is used twice, and
 * the inner loop knows nothing of borders.
 */
#include <stdbool.h>
#include <string.h>

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/dot.h"
#include "kernels/shared/window.h"

static void fill(int8_t **to, int8_t value, int32_t count)
{
	memset(*to, value, (uint32_t)count);
	*to += count;
}

/* Copies the window into `patch`, [kernel_height][kernel_width][input_channels]. */
static void gather(const struct mlforge_conv_2d *op, const int8_t *input,
		   const struct mlforge_span *rows, const struct mlforge_span *columns,
		   int8_t *patch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->input_channels;
	const int32_t row_bytes = window->kernel_width * channels;
	const int32_t inside = columns->end - columns->begin;
	const int32_t step = window->dilation_width * channels;

	fill(&patch, op->input_zero_point, rows->begin * row_bytes);
	for (int32_t ky = rows->begin; ky < rows->end; ky++) {
		const int32_t y = rows->origin + ky * window->dilation_height;
		const int32_t x = columns->origin + columns->begin * window->dilation_width;
		const int8_t *from = input + (y * window->input_width + x) * channels;

		fill(&patch, op->input_zero_point, columns->begin * channels);
		if (window->dilation_width == 1) {
			memcpy(patch, from, (uint32_t)(inside * channels));
			patch += inside * channels;
		} else {
			for (int32_t kx = 0; kx < inside; kx++) {
				memcpy(patch, from, (uint32_t)channels);
				patch += channels;
				from += step;
			}
		}
		fill(&patch, op->input_zero_point,
		     (window->kernel_width - columns->end) * channels);
	}
	fill(&patch, op->input_zero_point, (window->kernel_height - rows->end) * row_bytes);
}

/* Whether output pixel i sees input pixel i and nothing else. */
static bool is_pointwise(const struct mlforge_window *window)
{
	return window->kernel_height == 1 && window->kernel_width == 1 && window->pad_left == 0 &&
	       window->pad_top == 0 && window->input_height == window->output_height &&
	       window->input_width == window->output_width;
}

/* The window of output pixel `index`, as a contiguous run. */
static const int8_t *window_of(const struct mlforge_conv_2d *op, const int8_t *input, int32_t index,
			       int8_t *patch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t y = index / window->output_width;
	const struct mlforge_span rows = mlforge_rows(window, y);
	const struct mlforge_span columns =
		mlforge_columns(window, index - y * window->output_width);

	if (window->kernel_height == 1 && window->dilation_width == 1 && rows.end > rows.begin &&
	    columns.begin == 0 && columns.end == window->kernel_width) {
		return input +
		       (rows.origin * window->input_width + columns.origin) * op->input_channels;
	}
	gather(op, input, &rows, &columns, patch);
	return patch;
}

/* All channels of two output pixels. Where there is only one pixel or channel left, a pair is twice
 * the same. A function of its own, so that the inner loop has the registers to itself. */
static __attribute__((noinline)) void two_pixels(const struct mlforge_conv_2d *op, const int8_t *p0,
						 const int8_t *p1, int8_t *out0, int8_t *out1)
{
	const int32_t size =
		op->window.kernel_height * op->window.kernel_width * op->input_channels;
	const int32_t last = op->output_channels - 1;

	for (int32_t c = 0; c <= last; c += 2) {
		const int32_t d = c < last ? c + 1 : c;
		int32_t sums[2][2] = {{op->bias[c], op->bias[d]}, {op->bias[c], op->bias[d]}};

		mlforge_dot_2x2(p0, p1, op->weights + c * size, op->weights + d * size, size, sums);
		mlforge_finish_pair(sums[0][0], sums[1][0], op->multiplier[c], op->shift[c],
				    &op->stage, out0 + c, out1 + c);
		mlforge_finish_pair(sums[0][1], sums[1][1], op->multiplier[d], op->shift[d],
				    &op->stage, out0 + d, out1 + d);
	}
}

void mlforge_conv_2d_s8(const struct mlforge_conv_2d *op, const int8_t *input, int8_t *output,
			int8_t *scratch)
{
	const int32_t size =
		op->window.kernel_height * op->window.kernel_width * op->input_channels;
	const int32_t pixels = op->window.output_height * op->window.output_width;

	const bool pointwise = is_pointwise(&op->window);

	for (int32_t pixel = 0; pixel < pixels; pixel += 2) {
		const int32_t other = pixel + 1 < pixels ? pixel + 1 : pixel;
		const int8_t *p0 = input + pixel * op->input_channels;
		const int8_t *p1 = input + other * op->input_channels;

		if (!pointwise) {
			p0 = window_of(op, input, pixel, scratch);
			p1 = other == pixel ? p0 : window_of(op, input, other, scratch + size);
		}
		two_pixels(op, p0, p1, output + pixel * op->output_channels,
			   output + other * op->output_channels);
	}
}
