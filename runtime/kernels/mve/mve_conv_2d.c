/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for MVE: four pixels meet one channel at a time, sixteen elements of their windows at a
 * time. A window is a contiguous run of the input where it can be, else a copy in scratch with the
 * padding filled in.
 */
#include <stdbool.h>

#include "mve.h"
#include "kernels/shared/window.h"

static int8_t *fill(int8_t *to, int8_t value, int32_t count)
{
	memset(to, value, (uint32_t)count);
	return to + count;
}

/* Copies the window into `patch`, [kernel_height][kernel_width][input_channels]. */
static void gather(const struct mlforge_mve_conv_2d *op, const int8_t *input,
		   const struct mlforge_span *rows, const struct mlforge_span *columns,
		   int8_t *patch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->input_channels;
	const int32_t row_bytes = window->kernel_width * channels;
	const int32_t inside = columns->end - columns->begin;
	const int32_t step = window->dilation_width * channels;

	if (columns->begin > 0 || inside < window->kernel_width ||
	    rows->end - rows->begin < window->kernel_height) {
		fill(patch, op->input_zero_point, window->kernel_height * row_bytes);
	}
	for (int32_t ky = rows->begin; ky < rows->end; ky++) {
		const int32_t y = rows->origin + ky * window->dilation_height;
		const int32_t x = columns->origin + columns->begin * window->dilation_width;
		const int8_t *from = input + (y * window->input_width + x) * channels;
		int8_t *to = patch + ky * row_bytes + columns->begin * channels;

		if (window->dilation_width == 1) {
			mlforge_copy_bytes(to, from, inside * channels);
			continue;
		}
		for (int32_t kx = 0; kx < inside; kx++) {
			mlforge_copy_bytes(to, from, channels);
			to += channels;
			from += step;
		}
	}
}

/* The window of the output pixel at (y, x), as a contiguous run. */
static const int8_t *window_of(const struct mlforge_mve_conv_2d *op, const int8_t *input, int32_t y,
			       int32_t x, int8_t *patch)
{
	const struct mlforge_window *window = &op->window;
	const struct mlforge_span rows = mlforge_rows(window, y);
	const struct mlforge_span columns = mlforge_columns(window, x);

	if (window->kernel_height == 1 && window->dilation_width == 1 && rows.end > rows.begin &&
	    columns.begin == 0 && columns.end == window->kernel_width) {
		return input +
		       (rows.origin * window->input_width + columns.origin) * op->input_channels;
	}
	gather(op, input, &rows, &columns, patch);
	return patch;
}

static void four_pixels(const struct mlforge_mve_conv_2d *op, const int8_t *const x[4],
			int32_t size, mlforge_lanes offsets, int8_t *output)
{
	const int8_t *w = op->weights;
	const int8_t *const x0 = x[0], *const x1 = x[1], *const x2 = x[2], *const x3 = x[3];

	for (int32_t c = 0; c < op->output_channels; c++) {
		const int32_t bias = op->bias[c];
		mlforge_lanes sums =
			mlforge_lanes_dot(w, x0, x1, x2, x3, size, bias, bias, bias, bias);

		sums = mlforge_lanes_requantise(sums, mlforge_lanes_all(op->multiplier[c]),
						mlforge_lanes_all(op->shift[c]), op->zero_point);
		mlforge_lanes_store(sums, op->low, op->high, output + c, offsets);
		w += size;
	}
}

void mlforge_mve_conv_2d_s8(const struct mlforge_mve_conv_2d *op, const int8_t *input,
			    int8_t *output, int8_t *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t size = window->kernel_height * window->kernel_width * op->input_channels;
	const int32_t pixels = window->output_height * window->output_width;
	int32_t y = 0, x = 0;

	for (int32_t pixel = 0; pixel < pixels; pixel += 4) {
		const int8_t *windows[4];
		int32_t offsets[4];

		for (int32_t i = 0; i < 4; i++) {
			/* The last pixel stands for those that are missing. */
			if (pixel + i >= pixels) {
				windows[i] = windows[i - 1];
				offsets[i] = offsets[i - 1];
				continue;
			}
			windows[i] = window_of(op, input, y, x, scratch + i * size);
			offsets[i] = i * op->output_channels;
			if (++x == window->output_width) {
				x = 0;
				y++;
			}
		}
		four_pixels(op, windows, size, mlforge_lanes_of(offsets), output);
		output += 4 * op->output_channels;
	}
}
