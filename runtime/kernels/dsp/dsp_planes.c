/* SPDX-License-Identifier: Apache-2.0
 *
 * From channels-last int8 to planes of int16, and the walk over groups of channels and bands of
 * rows.
 *
 * A row of scratch holds a row of each of four channels, padding included. Borders on the left and
 * right are filled once and stay, as nothing but the input's own elements is written over. Rows
 * that two bands share are moved, so that each is read once: the output may take the place of the
 * input.
 */
#include "dsp_planes.h"

/* The planes of a group of up to four channels. */
struct group {
	const struct mlforge_dsp_depthwise *op;
	const int8_t *input;
	int32_t column_step; /* bytes from an element of the input to the next in its row */
	int32_t row_step;
	int32_t plane_bytes; /* from a row of a channel to that of the next channel */
	int32_t row_bytes;   /* from a row of a channel to its next one */
	int32_t channels;
	uint32_t padding;
	int8_t *rows; /* scratch */
};

static int32_t smaller(int32_t a, int32_t b)
{
	return a < b ? a : b;
}

/* Of the input, for so many rows of output. */
static int32_t rows_for(const struct mlforge_window *window, int32_t output_rows)
{
	return (output_rows - 1) * window->stride_height +
	       (window->kernel_height - 1) * window->dilation_height + 1;
}

/* Whole rows are multiples of eight bytes. */
static void fill(int8_t *to, int32_t bytes, int8_t value)
{
	const uint32_t pair = mlforge_dsp_pair_of(value, value);

	for (const int8_t *const end = to + bytes; to != end;) {
		to = mlforge_store_words(to, pair, pair);
	}
}

static void move(int8_t *to, const int8_t *from, int32_t bytes)
{
	for (const int8_t *const end = to + bytes; to != end; from += 8) {
		to = mlforge_store_words(to, mlforge_load_word(from), mlforge_load_word(from + 4));
	}
}

/* One element of `channels` planes. */
static void bring_one(const int8_t *from, int32_t channels, int8_t *to, int32_t plane_bytes)
{
	for (; channels > 0; channels--) {
		mlforge_store_half(to, *from++);
		to += plane_bytes;
	}
}

/* `rows` rows of the input from row `y` on, to `to`. */
static void bring_part(const struct group *group, int32_t y, int32_t rows, int8_t *to)
{
	const struct mlforge_window *window = &group->op->window;
	const int32_t odd = window->pad_left & 1;
	struct mlforge_dsp_rows part = {
		.from = group->input + y * group->row_step,
		.step = group->column_step,
		.to = to + 2 * window->pad_left,
		.plane_bytes = group->plane_bytes,
		.count = window->input_width,
		.padding = group->padding,
		.from_row = group->row_step,
		.to_row = group->row_bytes,
	};

	if (group->channels == 4 && window->input_width >= 3) {
		part.to -= 2 * odd;
		mlforge_dsp_bring_rows(&part, rows, odd);
		return;
	}
	for (; rows > 0; rows--) {
		const int8_t *from = part.from;

		to = part.to;
		for (int32_t count = window->input_width; count > 0; count--) {
			bring_one(from, group->channels, to, group->plane_bytes);
			from += group->column_step;
			to += 2;
		}
		part.from += group->row_step;
		part.to += group->row_bytes;
	}
}

/* The rows begin..end-1 of scratch, the first of which is row `origin` of the input. */
static void bring_rows(const struct group *group, int32_t origin, int32_t begin, int32_t end)
{
	const struct mlforge_window *window = &group->op->window;
	const int32_t first = origin + begin < 0 ? -origin : begin;
	const int32_t last = smaller(end, window->input_height - origin);

	if (first < last) {
		bring_part(group, origin + first, last - first,
			   group->rows + first * group->row_bytes);
	}
	if (group->op->band_rows < window->output_height) { /* else padding has never been written
							     * over */
		for (int32_t row = begin; row < end; row++) {
			if (row < first || row >= last) {
				fill(group->rows + row * group->row_bytes, group->row_bytes,
				     group->op->input_zero_point);
			}
		}
	}
}

/* The rows of output for which scratch holds the input. `plane` has what all channels have in
 * common. */
static void walk_channels(const struct group *group, int32_t channel,
			  struct mlforge_dsp_plane *plane, int32_t rows, int8_t *output,
			  const struct mlforge_dsp_walk *walk)
{
	const struct mlforge_dsp_depthwise *op = group->op;
	const int32_t taps = op->window.kernel_height * op->window.kernel_width;
	const int8_t *weights = op->weights + channel * taps;
	const int8_t *x = group->rows;

	for (const int32_t end = channel + group->channels; channel < end; channel++) {
		mlforge_dsp_channel(&op->outputs, channel, &plane->channel);
		plane->rows = rows;
		plane->x = x;
		plane->output = output;
		output += op->output_step;
		walk->prepare(&op->window, weights, plane);
		walk->walk(&op->window, plane);
		weights += taps;
		x += group->plane_bytes;
	}
}

static void walk_bands(const struct group *group, int32_t channel, struct mlforge_dsp_plane *plane,
		       int8_t *output, const struct mlforge_dsp_walk *walk)
{
	const struct mlforge_window *window = &group->op->window;
	const int32_t move_by = group->op->band_rows * window->stride_height;
	int32_t kept = 0;

	for (int32_t y = 0; y < window->output_height; y += group->op->band_rows) {
		const int32_t rows = smaller(group->op->band_rows, window->output_height - y);
		const int32_t needed = rows_for(window, rows);

		if (kept > 0) {
			move(group->rows, group->rows + move_by * group->row_bytes,
			     kept * group->row_bytes);
		}
		bring_rows(group, y * window->stride_height - window->pad_top, kept > 0 ? kept : 0,
			   needed);
		kept = needed - move_by;
		walk_channels(group, channel, plane, rows, output, walk);
		output += rows * plane->output_row;
	}
}

static void clamp_all(const struct mlforge_dsp_depthwise *op, int8_t *output)
{
	const int32_t count = op->window.output_height * op->window.output_width * op->channels;

	for (const int8_t *const end = output + count * op->output_step; output != end;
	     output += op->output_step) {
		*output = *output < op->low ? op->low : *output > op->high ? op->high : *output;
	}
}

void mlforge_dsp_planes(const struct mlforge_dsp_depthwise *op, const int8_t *input, int8_t *output,
			uint32_t *scratch, int32_t words, const struct mlforge_dsp_walk *walk)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->channels, pixel = channels * op->output_step;
	struct group group = {
		.op = op,
		.input = input,
		.column_step = op->is_transposed ? window->input_height * channels : channels,
		.row_step = op->is_transposed ? channels : window->input_width * channels,
		.plane_bytes = 2 * op->plane_columns,
		.row_bytes = 2 * op->plane_columns * smaller(4, channels),
		.padding = 0x01010101U * (uint8_t)op->input_zero_point,
		.rows = (int8_t *)(scratch + words),
	};
	struct mlforge_dsp_plane plane = {
		.zero_point = op->zero_point,
		.output_column = op->is_transposed ? window->output_height * pixel : pixel,
		.output_row = op->is_transposed ? pixel : window->output_width * pixel,
		.columns = window->output_width,
		.row_bytes = group.row_bytes * window->dilation_height,
		.step_bytes = group.row_bytes * window->stride_height,
		.weights = scratch,
	};

	walk->begin(window, &plane);
	fill(group.rows, group.row_bytes * rows_for(window, op->band_rows), op->input_zero_point);
	for (int32_t c = 0; c < channels; c += 4) {
		group.channels = smaller(4, channels - c);
		walk_bands(&group, c, &plane, output + c * op->output_step, walk);
		group.input += 4;
	}
	if (op->low > INT8_MIN || op->high < INT8_MAX) {
		clamp_all(op, output);
	}
}
