/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for MVE: four pixels meet one channel at a time, sixteen elements of their windows at a
 * time. A window is a contiguous run of the input where it can be, else a copy in scratch with the
 * padding filled in.
 */
#include <stdbool.h>

#include "kernels/shared/window.h"
#include "mve_channels.h"

/* A window that lies inside of the input, without dilation: its rows into `patch`. */
static void copy_rows(const struct mlforge_mve_conv_2d *op, const int8_t *from, int8_t *patch)
{
	const int32_t row_bytes = op->window.kernel_width * op->input_channels;
	const int32_t pitch = op->window.input_width * op->input_channels;

	for (int32_t ky = op->window.kernel_height; ky > 0; ky--) {
		mlforge_copy_bytes(patch, from, row_bytes);
		patch += row_bytes;
		from += pitch;
	}
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

	memset(patch, op->input_zero_point, (uint32_t)(window->kernel_height * row_bytes));
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

/* The window of an output pixel, as a contiguous run; `rows` are those of its row, and `is_whole`
 * whether they are all inside and next to each other. */
static const int8_t *window_of(const struct mlforge_mve_conv_2d *op, const int8_t *input,
			       const struct mlforge_span *rows, bool is_whole, int32_t x,
			       int8_t *patch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t left = x * window->stride_width - window->pad_left;

	if (is_whole && left >= 0 && left + window->kernel_width <= window->input_width) {
		const int8_t *from =
			input + (rows->origin * window->input_width + left) * op->input_channels;

		if (window->kernel_height == 1) {
			return from;
		}
		copy_rows(op, from, patch);
		return patch;
	}
	const struct mlforge_span columns = mlforge_columns(window, x);

	gather(op, input, rows, &columns, patch);
	return patch;
}

static bool are_whole(const struct mlforge_window *window, const struct mlforge_span *rows)
{
	const bool is_dense = window->kernel_height == 1 || window->dilation_height == 1;

	return is_dense && window->dilation_width == 1 && rows->begin == 0 &&
	       rows->end == window->kernel_height;
}

void mlforge_mve_conv_2d_s8(const struct mlforge_mve_conv_2d *op, const int8_t *input,
			    int8_t *output, int8_t *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t size = window->kernel_height * window->kernel_width * op->input_channels;
	const int32_t pixels = window->output_height * window->output_width;
	struct mlforge_span rows = mlforge_rows(window, 0);
	bool is_whole = are_whole(window, &rows);
	struct mlforge_mve_tile tile = {.output = output};
	int32_t y = 0, x = 0;

	for (int32_t pixel = 0; pixel < pixels; pixel += 4) {
		for (int32_t i = 0; i < 4; i++) {
			/* The last pixel stands for those that are missing. */
			if (pixel + i >= pixels) {
				tile.windows[i] = tile.windows[i - 1];
				tile.offsets[i] = tile.offsets[i - 1];
				continue;
			}
			tile.windows[i] =
				window_of(op, input, &rows, is_whole, x, scratch + i * size);
			tile.offsets[i] = (uint32_t)(i * op->output_channels);
			if (++x == window->output_width) {
				x = 0;
				rows = mlforge_rows(window, ++y);
				is_whole = are_whole(window, &rows);
			}
		}
		if (size <= MLFORGE_MVE_FEW) {
			mlforge_mve_few_elements(op, &tile, size);
		} else {
			mlforge_mve_many_elements(op, &tile, size);
		}
		tile.output += 4 * op->output_channels;
	}
}
