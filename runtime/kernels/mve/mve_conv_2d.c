/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for MVE: four pixels meet one channel at a time, or two where their windows have more
 * than one vector of sixteen elements. A window is a contiguous run of the input where it can be,
 * else a copy in scratch with the padding filled in.
 */
#include <stdbool.h>

#include "kernels/shared/window.h"
#include "mve_channels.h"
#include "mve_four_pixels.h"

/* What is the same for all windows. */
struct work {
	const struct mlforge_mve_conv_2d *op;
	const int8_t *input;
	int8_t *copies; /* of four windows, each `pitch` bytes */
	int32_t pitch;
	bool is_read_whole; /* whether a window may be read where it is */
};

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
static const int8_t *window_of(const struct work *work, const struct mlforge_span *rows,
			       bool is_whole, int32_t x, int8_t *patch)
{
	const struct mlforge_mve_conv_2d *op = work->op;
	const struct mlforge_window *window = &op->window;
	const int32_t left = x * window->stride_width - window->pad_left;

	if (is_whole && left >= 0 && left + window->kernel_width <= window->input_width) {
		const int8_t *from = work->input + (rows->origin * window->input_width + left) *
							   op->input_channels;

		if (window->kernel_height == 1 && work->is_read_whole) {
			return from;
		}
		copy_rows(op, from, patch);
		return patch;
	}
	const struct mlforge_span columns = mlforge_columns(window, x);

	gather(op, work->input, rows, &columns, patch);
	return patch;
}

static bool are_whole(const struct mlforge_window *window, const struct mlforge_span *rows)
{
	const bool is_dense = window->kernel_height == 1 || window->dilation_height == 1;

	return is_dense && window->dilation_width == 1 && rows->begin == 0 &&
	       rows->end == window->kernel_height;
}

/* The tile of four windows, of at most one vector each. */
static void few_elements(const struct work *work, const int8_t *const windows[4],
			 const uint32_t offsets[4], int8_t *output)
{
	struct mlforge_mve_tile tile = {.output = output};

	memcpy(tile.windows, windows, sizeof(tile.windows));
	memcpy(tile.offsets, offsets, sizeof(tile.offsets));
	mlforge_mve_few_elements(work->op, &tile, work->pitch);
}

/* Of four pixels, where the last of their words are not whole. */
static int32_t incomplete_bytes(const struct mlforge_mve_conv_2d *op)
{
	return op->output_channels % 4 == 0 ? 0 : 4 * ((op->output_channels + 3) & ~3);
}

/* The same for longer ones. Words are stored, so that pixels that do not begin at one, or end with
 * one, are made in front of the copies of their windows, of which there may be none. */
static void more_elements(const struct work *work, const int8_t *const windows[4],
			  const uint32_t offsets[4], int8_t *output)
{
	const struct mlforge_mve_conv_2d *op = work->op;
	const int32_t channels = op->output_channels, groups = (channels + 3) / 4;
	int8_t *const results = work->copies - incomplete_bytes(op);
	struct mlforge_mve_four_pixels tile = {
		.more_vectors = work->pitch / MLFORGE_MVE_FEW - 1,
		.weights = op->groups,
		.keep_halves =
			op->low<op->zero_point, .zero_point = op->zero_point, .clamp = op->low>
				INT8_MIN ||
			op->high < INT8_MAX,
		.output = output,
		.groups = groups,
	};

	memcpy(tile.windows, windows, sizeof(tile.windows));
	memcpy(tile.offsets, offsets, sizeof(tile.offsets));
	memset(tile.low, op->low, sizeof(tile.low));
	memset(tile.high, op->high, sizeof(tile.high));
	if (channels % 4 == 0) {
		mlforge_mve_four_pixels(&tile);
		return;
	}
	for (int32_t i = 0; i < 4; i++) {
		tile.offsets[i] = (uint32_t)(i * 4 * groups);
	}
	tile.output = results;
	mlforge_mve_four_pixels(&tile);
	for (int32_t i = 0; i < 4; i++) {
		mlforge_copy_bytes(output + offsets[i], results + i * 4 * groups, channels);
	}
}

void mlforge_mve_conv_2d_s8(const struct mlforge_mve_conv_2d *op, const int8_t *input,
			    int8_t *output, int8_t *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t size = window->kernel_height * window->kernel_width * op->input_channels;
	const int32_t pixels = window->output_height * window->output_width;
	const bool are_few = size <= MLFORGE_MVE_FEW;
	const struct work work = {
		.op = op,
		.input = input,
		.copies = are_few ? scratch : scratch + incomplete_bytes(op),
		.pitch = are_few ? size : (size + MLFORGE_MVE_FEW - 1) & -MLFORGE_MVE_FEW,
		.is_read_whole = are_few || size % MLFORGE_MVE_FEW == 0,
	};
	struct mlforge_span rows = mlforge_rows(window, 0);
	bool is_whole = are_whole(window, &rows);
	int32_t y = 0, x = 0;

	for (int32_t pixel = 0; pixel < pixels; pixel += 4) {
		const int8_t *windows[4];
		uint32_t offsets[4];

		for (int32_t i = 0; i < 4; i++) {
			/* The last pixel stands for those that are missing. */
			if (pixel + i >= pixels) {
				windows[i] = windows[i - 1];
				offsets[i] = offsets[i - 1];
				continue;
			}
			windows[i] =
				window_of(&work, &rows, is_whole, x, work.copies + i * work.pitch);
			offsets[i] = (uint32_t)(i * op->output_channels);
			if (++x == window->output_width) {
				x = 0;
				rows = mlforge_rows(window, ++y);
				is_whole = are_whole(window, &rows);
			}
		}
		if (are_few) {
			few_elements(&work, windows, offsets, output);
		} else {
			more_elements(&work, windows, offsets, output);
		}
		output += 4 * op->output_channels;
	}
}
