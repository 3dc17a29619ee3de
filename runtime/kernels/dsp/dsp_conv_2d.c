/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for DSP. The windows of five pixels at a time are expanded in scratch, with padding
 * filled in, and meet all channels there. A window is made of runs, one for each of its rows:
 * kernel_width * input_channels bytes that are contiguous in the input, rounded up to whole words
 * (the weights of what is too much are 0), or, where each run has one byte more than whole words, a
 * word for the last bytes of all. Small pictures are copied with their padding first.
 */
#include <stdbool.h>
#include <string.h>

#include "dsp_channels.h"
#include "dsp_pixels.h"

static void unpack(const struct mlforge_dsp_channels *channels, int32_t count,
		   struct mlforge_dsp_sum *to)
{
	for (int32_t c = 0; c < count; c++) {
		struct mlforge_dsp_channel channel;

		mlforge_dsp_channel(channels, c, &channel);
		to->start = (int32_t)((uint32_t)channel.bias << 8);
		to->multiplier = (int32_t)((uint32_t)channel.factor >> 1);
		to->power = (int32_t)((uint32_t)channel.power >> 7);
		to++;
	}
}

struct walk {
	struct mlforge_window window; /* of the picture with its padding, where that is copied */
	const int8_t *input;
	int32_t channels;
	int32_t input_bytes;
	int32_t run_bytes; /* that are read */
	int32_t run_quads;
	int32_t row_bytes;
	int8_t *padding; /* run_bytes of padding */
	int8_t *copy;    /* run_bytes */
	bool is_exact;   /* whether nothing is read behind a run */
	bool is_flat;    /* whether neighbours are so across the ends of rows, padding left aside */
	bool tails;      /* whether the last bytes of all runs are a word */
	int32_t x_begin; /* output columns whose windows have no padding on the left or right */
	int32_t x_end;
	int32_t last_row; /* of a window, counted in rows of the input */
	int32_t y_end;    /* output rows above it read nothing of the input's last row */
	int8_t zero_point;
};

/* A row of a window with padding filled in, for what cannot be read in place. The window begins at
 * column `x`. */
static const int8_t *copy_run(const struct walk *walk, int32_t y, int32_t x)
{
	const struct mlforge_window *window = &walk->window;
	const int32_t channels = walk->channels;
	const int8_t *row = walk->input + y * walk->row_bytes;
	int8_t *copy = walk->copy;

	memset(copy, walk->zero_point, (uint32_t)walk->run_bytes);
	if (window->dilation_width == 1) {
		const int32_t begin = x < 0 ? 0 : x;
		const int32_t end = x + window->kernel_width;
		const int32_t inside =
			(end < window->input_width ? end : window->input_width) - begin;

		if (inside > 0) {
			memcpy(copy + (begin - x) * channels, row + begin * channels,
			       (uint32_t)(inside * channels));
		}
		return copy;
	}
	for (int32_t kx = 0; kx < window->kernel_width; kx++) {
		if ((uint32_t)x < window->input_width) {
			memcpy(copy + kx * channels, row + x * channels, (uint32_t)channels);
		}
		x += window->dilation_width;
	}
	return copy;
}

/* The window of output pixel (y, x), one of `windows`, whichever way its rows can be read. */
static void expand_one(const struct walk *walk, int32_t y, int32_t x, int32_t windows, uint32_t *to)
{
	const struct mlforge_window *window = &walk->window;
	const int32_t column = x * window->stride_width - window->pad_left;
	const bool whole = x >= walk->x_begin && x < walk->x_end;
	int32_t row = y * window->stride_height - window->pad_top;
	int8_t tails[4] = {0};

	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		const int32_t offset = row * walk->row_bytes + column * walk->channels;
		const int8_t *run = walk->padding;

		if ((uint32_t)row < window->input_height) {
			const bool in_place =
				whole && offset + walk->run_bytes <= walk->input_bytes;

			run = in_place ? walk->input + offset : copy_run(walk, row, column);
		}
		to = mlforge_dsp_expand_1(run, walk->run_quads, windows, to);
		tails[ky & 3] = run[walk->run_bytes - 1];
		row += window->dilation_height;
	}
	if (walk->tails) {
		mlforge_dsp_expand_1(tails, 1, windows, to);
	}
}

static void clamp_all(const struct mlforge_dsp_conv_2d *op, int8_t *output, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		const int8_t y = output[i] < op->low ? op->low : output[i];

		output[i] = y > op->high ? op->high : y;
	}
}

/* The words of five windows for the last bytes of all their runs, the first of which ends in front
 * of `end`. */
static void expand_tails(const struct walk *walk, int32_t row, const int8_t *end, int32_t step,
			 uint32_t *to)
{
	const struct mlforge_window *window = &walk->window;
	int8_t tails[4 * MLFORGE_DSP_PIXELS] = {0};

	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		const bool inside = (uint32_t)row < window->input_height;
		const int8_t *from = inside ? end - 1 : walk->padding;
		const int32_t next = inside ? step : 0;

#pragma GCC unroll 5
		for (int32_t p = 0; p < MLFORGE_DSP_PIXELS; p++) {
			tails[4 * p + ky] = *from;
			from += next;
		}
		row += window->dilation_height;
		end += window->dilation_height * walk->row_bytes;
	}
	mlforge_dsp_expand_5(tails, 4, 1, to, 1, 0);
}

/* Five windows that lie `step` bytes apart. The rows of the first, which begins in row `row` of the
 * input at `run`, can be read where they are, or are padding. */
static void expand_rows(const struct walk *walk, int32_t row, const int8_t *run, int32_t step,
			uint32_t *to)
{
	const struct mlforge_window *window = &walk->window;
	const int32_t row_step = window->dilation_height * walk->row_bytes;

	if (row >= 0 && row + walk->last_row < window->input_height) {
		to = mlforge_dsp_expand_5(run, step, walk->run_quads, to, window->kernel_height,
					  row_step);
	} else {
		const int8_t *from = run;
		int32_t y = row;

		for (int32_t ky = 0; ky < window->kernel_height; ky++) {
			const bool inside = (uint32_t)y < window->input_height;

			to = mlforge_dsp_expand_5(inside ? from : walk->padding, inside ? step : 0,
						  walk->run_quads, to, 1, 0);
			y += window->dilation_height;
			from += row_step;
		}
	}
	if (walk->tails) {
		expand_tails(walk, row, run + walk->run_bytes, step, to);
	}
}

/* Five windows side by side, whose rows can be read where they are. */
static void expand_neighbours(const struct walk *walk, int32_t y, int32_t x, uint32_t *to)
{
	const struct mlforge_window *window = &walk->window;
	const int32_t column = x * window->stride_width - window->pad_left;
	const int32_t row = y * window->stride_height - window->pad_top;

	expand_rows(walk, row, walk->input + row * walk->row_bytes + column * walk->channels,
		    window->stride_width * walk->channels, to);
}

/* Words of padding in place of those taps of the window of column `x` that lie beside the picture.
 */
static void pad_window(const struct walk *walk, int32_t x, uint32_t *to)
{
	const struct mlforge_window *window = &walk->window;
	const int32_t words = 2 * MLFORGE_DSP_PIXELS * (walk->channels / 4);
	const uint32_t quad = mlforge_load_word(walk->padding);
	const uint32_t u = mlforge_dsp_word_u(quad), v = mlforge_dsp_word_v(quad);

	for (int32_t kx = 0; kx < window->kernel_width; kx++, to += words) {
		uint32_t *tap = to;

		if ((uint32_t)(x - window->pad_left + kx) < window->input_width) {
			continue;
		}
		for (int32_t ky = 0; ky < window->kernel_height; ky++) {
			for (uint32_t *const end = tap + words; tap != end;
			     tap += 2 * MLFORGE_DSP_PIXELS) {
				tap[0] = u;
				tap[MLFORGE_DSP_PIXELS] = v;
			}
			tap += (window->kernel_width - 1) * words;
		}
	}
}

/* Five windows some of which have padding on the left or right, where pixels that follow one
 * another are neighbours in memory, too: first with what lies there instead of the padding. False
 * where this would read beyond the input, or row after row differs. */
static bool expand_across(const struct walk *walk, int32_t y, int32_t x, uint32_t *to)
{
	const struct mlforge_window *window = &walk->window;
	const int32_t column = x - window->pad_left;
	const int32_t rows_later = x + MLFORGE_DSP_PIXELS > window->output_width ? 1 : 0;
	int32_t row = y - window->pad_top;

	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		const bool inside = (uint32_t)row < window->input_height;
		const int32_t offset = row * walk->row_bytes + column * walk->channels;

		if (inside != ((uint32_t)(row + rows_later) < window->input_height) ||
		    (inside && (offset < 0 || offset + (MLFORGE_DSP_PIXELS - 1) * walk->channels +
							      walk->run_bytes >
						      walk->input_bytes))) {
			return false;
		}
		row += window->dilation_height;
	}
	row = y - window->pad_top;
	expand_rows(walk, row, walk->input + row * walk->row_bytes + column * walk->channels,
		    walk->channels, to);
	for (int32_t p = 0; p < MLFORGE_DSP_PIXELS; p++) {
		if (x < walk->x_begin || x >= walk->x_end) {
			pad_window(walk, x, to + p);
		}
		if (++x == window->output_width) {
			x = 0;
		}
	}
	return true;
}

/* Five windows from that of (y, x) on, row after row, the last of which may not exist. */
static void expand(const struct walk *walk, int32_t y, int32_t x, int32_t count, uint32_t *to)
{
	/* The words of the last window may reach beyond the input in its last row alone. */
	if (count == MLFORGE_DSP_PIXELS && x >= walk->x_begin && x + count <= walk->x_end &&
	    (y < walk->y_end || walk->is_exact)) {
		expand_neighbours(walk, y, x, to);
		return;
	}
	if (count == MLFORGE_DSP_PIXELS && walk->is_flat && expand_across(walk, y, x, to)) {
		return;
	}
	for (; count > 0; count--) {
		expand_one(walk, y, x, MLFORGE_DSP_PIXELS, to++);
		if (++x == walk->window.output_width) {
			x = 0;
			y++;
		}
	}
}

/* The picture with its padding, and what the last word may read behind it. */
static void copy_picture(struct walk *walk, int8_t *to)
{
	struct mlforge_window *window = &walk->window;
	const int32_t height = (window->output_height - 1) * window->stride_height +
			       (window->kernel_height - 1) * window->dilation_height + 1;
	const int32_t width =
		(window->output_width - 1) * window->stride_width + window->kernel_width;
	const int32_t columns = width - window->pad_left < window->input_width
					? width - window->pad_left
					: window->input_width;
	int8_t *row = to + (window->pad_top * width + window->pad_left) * walk->channels;

	memset(to, walk->zero_point, (uint32_t)(height * width * walk->channels));
	for (int32_t y = 0; y < window->input_height && y < height - window->pad_top; y++) {
		memcpy(row, walk->input, (uint32_t)(columns * walk->channels));
		row += width * walk->channels;
		walk->input += walk->row_bytes;
	}
	walk->input = to;
	walk->row_bytes = width * walk->channels;
	walk->input_bytes = height * walk->row_bytes + 3; /* there is room */
	window->input_height = (uint16_t)height;
	window->input_width = (uint16_t)width;
	window->pad_top = 0;
	window->pad_left = 0;
}

/* With dilation, windows are never read where they are. */
static void whole_columns(struct walk *walk)
{
	const struct mlforge_window *window = &walk->window;
	const int32_t room = window->input_width - window->kernel_width + window->pad_left;

	walk->x_begin = (window->pad_left + window->stride_width - 1) / window->stride_width;
	walk->x_end = window->dilation_width > 1 || room < 0 ? 0 : room / window->stride_width + 1;
	walk->last_row = (window->kernel_height - 1) * window->dilation_height;
	walk->y_end = (window->input_height - 1 - walk->last_row + window->pad_top +
		       window->stride_height - 1) /
		      window->stride_height;
}

/* One to three pixels, from (y, x) on. */
static void last_pixels(const struct walk *walk, struct mlforge_dsp_pixels *job, int32_t y,
			int32_t x, uint32_t *expanded)
{
	for (; y < walk->window.output_height; y++) {
		for (; x < walk->window.output_width; x++) {
			expand_one(walk, y, x, 1, expanded);
			mlforge_dsp_pixels_1(job);
			job->output += job->stride;
			job->last += job->stride;
		}
		x = 0;
	}
}

static void walk_pixels(const struct walk *walk, struct mlforge_dsp_pixels *job, uint32_t *expanded)
{
	const struct mlforge_window *window = &walk->window;
	int32_t left = window->output_height * window->output_width;
	int32_t y = 0, x = 0;

	mlforge_dsp_enter_5(job);
	for (; left >= MLFORGE_DSP_PIXELS; left -= MLFORGE_DSP_PIXELS) {
		expand(walk, y, x, MLFORGE_DSP_PIXELS, expanded);
		for (x += MLFORGE_DSP_PIXELS; x >= window->output_width;
		     x -= window->output_width) {
			y++;
		}
		mlforge_dsp_pixels_5(job);
		job->output += MLFORGE_DSP_PIXELS * job->stride;
		job->last += MLFORGE_DSP_PIXELS * job->stride;
	}
	if (left == MLFORGE_DSP_PIXELS - 1) {
		expand(walk, y, x, left, expanded);
		mlforge_dsp_enter_4(job);
		mlforge_dsp_pixels_4(job);
	} else if (left > 0) {
		last_pixels(walk, job, y, x, expanded);
	}
}

void mlforge_dsp_conv_2d_s8(const struct mlforge_dsp_conv_2d *op, const int8_t *input,
			    int8_t *output, void *scratch)
{
	const int32_t channels = op->output_channels;
	struct mlforge_dsp_sum *const sums = scratch;
	uint32_t *const expanded = (uint32_t *)(sums + channels);
	struct walk walk = {
		.window = op->window,
		.input = input,
		.channels = op->input_channels,
		.input_bytes =
			op->window.input_height * op->window.input_width * op->input_channels,
		.tails = op->tails,
		.row_bytes = op->window.input_width * op->input_channels,
		.zero_point = op->input_zero_point,
	};

	const int32_t run = op->window.kernel_width * op->input_channels;

	walk.run_quads = walk.tails ? run / 4 : (run + 3) / 4;
	walk.run_bytes = 4 * walk.run_quads + walk.tails;
	walk.is_exact = walk.run_bytes == run;
	const int32_t quads = walk.run_quads * op->window.kernel_height + walk.tails;
	const int32_t pixels = op->window.output_height * op->window.output_width;
	struct mlforge_dsp_pixels job = {
		.output = output,
		.sums = sums,
		.stride = op->output_channels,
		.half = 64,
		.zero_point = op->zero_point,
		.x = expanded,
		.x_end = expanded + 2 * MLFORGE_DSP_PIXELS * quads,
		.last = output + channels,
		.relu = op->zero_point <= op->low, /* what is up to the zero point becomes low */
		.quads = (uint32_t)quads,
		.weights = (const uint32_t *)op->weights,
	};

	unpack(&op->channels, channels, sums);
	walk.padding = (int8_t *)(expanded + 10 * quads);
	walk.copy = walk.padding + (run + 3) / 4 * 4;
	if (op->copies == MLFORGE_DSP_COPY_PICTURE) {
		copy_picture(&walk, walk.padding);
	} else if (op->copies == MLFORGE_DSP_COPY_RUNS) {
		memset(walk.padding, op->input_zero_point, (uint32_t)walk.run_bytes);
	}
	whole_columns(&walk);
	walk.is_flat = op->window.stride_width == 1 && op->window.stride_height == 1 &&
		       op->window.dilation_width == 1 &&
		       walk.window.output_width == walk.window.input_width &&
		       walk.window.output_width >= MLFORGE_DSP_PIXELS && walk.channels % 4 == 0;
	walk_pixels(&walk, &job, expanded);
	if (op->low > INT8_MIN || op->high < INT8_MAX) {
		clamp_all(op, output, pixels * channels);
	}
}
