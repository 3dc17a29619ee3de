/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for DSP. The windows of three pixels at a time are expanded to int16 in scratch, with
 * padding filled in, and meet all channels there. A window is made of runs, one for each of its
 * rows: kernel_width * input_channels bytes that are contiguous in the input, rounded up to whole
 * words (the weights of what is too much are 0).
 */
#include <stdbool.h>
#include <string.h>

#include "dsp_channels.h"
#include "dsp_pixels.h"

static void unpack(const struct mlforge_dsp_channels *channels, int32_t count,
		   struct mlforge_dsp_pair *to)
{
	for (int32_t c = 0; c < count; c += 2) {
		struct mlforge_dsp_channel a, b;

		mlforge_dsp_channel(channels, c, &a);
		mlforge_dsp_channel(channels, c + 1, &b);
		to->sum_a = a.bias;
		to->sum_both = (int32_t)((uint32_t)b.bias << 8) + a.bias;
		to->factor_a = a.factor;
		to->power_a = a.power;
		to->factor_b = b.factor;
		to->power_b = b.power;
		to++;
	}
}

struct walk {
	const struct mlforge_dsp_conv_2d *op;
	const struct mlforge_dsp_pair *pairs;
	const int8_t *input;
	int32_t input_bytes;
	int32_t run_bytes;
	int32_t run_quads;
	int32_t row_bytes;
	int8_t *padding; /* run_quads words of padding */
	int8_t *copies;  /* run_quads words for each of three pixels */
	int32_t x_begin; /* output columns whose windows have no padding on the left or right */
	int32_t x_end;
	int32_t y_end; /* output rows above it read nothing of the input's last row */
};

/* A row of a window with padding filled in, for what cannot be read in place. The window begins at
 * column `x`. */
static const int8_t *copy_run(const struct walk *walk, int32_t y, int32_t x, int8_t *copy)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t channels = walk->op->input_channels;
	const int8_t *row = walk->input + y * walk->row_bytes;

	memset(copy, walk->op->input_zero_point, (uint32_t)(4 * walk->run_quads));
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

/* The row of the input in which row `ky` of a window lies; beyond the input in case of padding. */
static int32_t row_of(const struct mlforge_window *window, int32_t y, int32_t ky)
{
	return y * window->stride_height - window->pad_top + ky * window->dilation_height;
}

/* Row `ky` of the window of output pixel (y, x); `slot` says where to copy it if need be. */
static __attribute__((noinline)) const int8_t *run_of(const struct walk *walk, int32_t y, int32_t x,
						      int32_t ky, int32_t slot)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t row = row_of(window, y, ky);
	const int32_t column = x * window->stride_width - window->pad_left;
	const int32_t offset = row * walk->row_bytes + column * walk->op->input_channels;

	if ((uint32_t)row >= window->input_height) {
		return walk->padding;
	}
	if (x >= walk->x_begin && x < walk->x_end &&
	    offset + 4 * walk->run_quads <= walk->input_bytes) {
		return walk->input + offset;
	}
	return copy_run(walk, row, column, walk->copies + 4 * slot * walk->run_quads);
}

static void clamp_all(const struct mlforge_dsp_conv_2d *op, int8_t *output, int32_t count)
{
	for (int32_t i = 0; i < count; i++) {
		const int8_t y = output[i] < op->low ? op->low : output[i];

		output[i] = y > op->high ? op->high : y;
	}
}

/* The pixel behind (y, x). */
static void advance(const struct mlforge_window *window, int32_t *y, int32_t *x)
{
	if (++*x == window->output_width) {
		*x = 0;
		++*y;
	}
}

/* Three windows side by side, whose rows can be read where they are. */
static void expand_neighbours(const struct walk *walk, int32_t y, int32_t x, uint32_t *to)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t step = window->stride_width * walk->op->input_channels;
	const int32_t row_step = window->dilation_height * walk->row_bytes;
	const int32_t column = x * window->stride_width - window->pad_left;
	int32_t row = row_of(window, y, 0);
	int32_t offset = row * walk->row_bytes + column * walk->op->input_channels;

	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		const bool inside = (uint32_t)row < window->input_height;
		const int8_t *run = inside ? walk->input + offset : walk->padding;
		const int32_t next = inside ? step : 0;

		to = mlforge_dsp_expand_3(run, run + next, run + 2 * next, walk->run_quads, to);
		row += window->dilation_height;
		offset += row_step;
	}
}

/* Three windows, wherever they are. */
static void expand_any(const struct walk *walk, int32_t y0, int32_t x0, uint32_t *to)
{
	const struct mlforge_window *window = &walk->op->window;
	int32_t y1 = y0, x1 = x0;

	advance(window, &y1, &x1);
	int32_t y2 = y1, x2 = x1;

	advance(window, &y2, &x2);
	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		to = mlforge_dsp_expand_3(run_of(walk, y0, x0, ky, 0), run_of(walk, y1, x1, ky, 1),
					  run_of(walk, y2, x2, ky, 2), walk->run_quads, to);
	}
}

static void expand_three(const struct walk *walk, int32_t y, int32_t x, uint32_t *to)
{
	/* The words of the last window may reach beyond the input in its last row alone. */
	if (x >= walk->x_begin && x + 2 < walk->x_end &&
	    (y < walk->y_end || walk->run_bytes % 4 == 0)) {
		expand_neighbours(walk, y, x, to);
	} else {
		expand_any(walk, y, x, to);
	}
}

/* An odd number of channels begins with the last one and a channel that nobody wants, whose results
 * land where those of the next pixel will: the very last pixel is none of three. */
static void three_pixels(const struct walk *walk, struct mlforge_dsp_pixels *job, int8_t *output)
{
	const struct mlforge_dsp_conv_2d *op = walk->op;
	const uint32_t quads = (uint32_t)(job->x_end - job->x) / 6;
	const int32_t odd = op->output_channels % 2;

	job->weights = (const uint32_t *)op->weights;
	job->pairs = walk->pairs;
	if (odd) {
		job->output = output + op->output_channels - 1;
		job->last = job->output;
		mlforge_dsp_pixels_3(job);
		job->weights += 2 * quads;
		job->pairs++;
	}
	if (op->output_channels > 1) {
		job->output = output;
		job->last = output + op->output_channels - odd - 2;
		mlforge_dsp_pixels_3(job);
	}
}

static void one_pixel(const struct walk *walk, int32_t y, int32_t x, uint32_t *scratch,
		      int8_t *output)
{
	const struct mlforge_dsp_conv_2d *op = walk->op;
	const int32_t quads = walk->run_quads * op->window.kernel_height;
	const int32_t odd = op->output_channels % 2;
	const uint32_t *weights = (const uint32_t *)op->weights;
	uint32_t *to = scratch;

	for (int32_t ky = 0; ky < op->window.kernel_height; ky++) {
		to = mlforge_dsp_expand(run_of(walk, y, x, ky, 0), walk->run_quads, to);
	}
	if (odd) {
		mlforge_dsp_pairs(scratch, quads, walk->pairs, weights, 1, op->zero_point,
				  output + op->output_channels - 1);
		weights += 2 * quads;
	}
	mlforge_dsp_pairs(scratch, quads, walk->pairs + odd, weights, op->output_channels - odd,
			  op->zero_point, output);
}

/* With dilation, windows are never read where they are. */
static void whole_columns(struct walk *walk)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t room = window->input_width - window->kernel_width + window->pad_left;

	walk->x_begin = (window->pad_left + window->stride_width - 1) / window->stride_width;
	walk->x_end = window->dilation_width > 1 || room < 0 ? 0 : room / window->stride_width + 1;
	walk->y_end =
		(window->input_height - 1 - (window->kernel_height - 1) * window->dilation_height +
		 window->pad_top + window->stride_height - 1) /
		window->stride_height;
}

void mlforge_dsp_conv_2d_s8(const struct mlforge_dsp_conv_2d *op, const int8_t *input,
			    int8_t *output, void *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t even_channels = op->output_channels + op->output_channels % 2;
	struct mlforge_dsp_pair *const pairs = scratch;
	uint32_t *const expanded = (uint32_t *)(pairs + even_channels / 2);
	struct walk walk = {
		.op = op,
		.pairs = pairs,
		.input = input,
		.input_bytes = window->input_height * window->input_width * op->input_channels,
		.run_bytes = window->kernel_width * op->input_channels,
		.row_bytes = window->input_width * op->input_channels,
	};
	const int32_t pixels = window->output_height * window->output_width;
	int32_t y = 0, x = 0, pixel = 0;

	walk.run_quads = (walk.run_bytes + 3) / 4;
	const int32_t quads = walk.run_quads * window->kernel_height;
	struct mlforge_dsp_pixels job = {
		.relu = op->zero_point <= op->low, /* what is up to the zero point becomes low */
		.zero_point = op->zero_point,
		.stride = op->output_channels,
		.x = expanded,
		.x_end = expanded + 6 * quads,
		.skip = (uint32_t)-quads & 7U,
	};

	walk.padding = (int8_t *)(expanded + 6 * quads);
	walk.copies = walk.padding + 4 * walk.run_quads;
	if (op->copies) {
		memset(walk.padding, op->input_zero_point, (uint32_t)(4 * walk.run_quads));
	}
	unpack(&op->channels, even_channels, pairs);
	whole_columns(&walk);
	for (; pixel + 3 + op->output_channels % 2 <= pixels; pixel += 3) {
		expand_three(&walk, y, x, expanded);
		for (x += 3; x >= window->output_width; x -= window->output_width) {
			y++;
		}
		three_pixels(&walk, &job, output);
		output += 3 * op->output_channels;
	}
	if (pixels - pixel == 2 && pixel > 0 && op->output_channels % 2 == 0) {
		/* Three are cheaper than two single ones: the last of before is made again. */
		y = (pixel - 1) / window->output_width;
		x = (pixel - 1) % window->output_width;
		expand_three(&walk, y, x, expanded);
		three_pixels(&walk, &job, output - op->output_channels);
		output += 2 * op->output_channels;
		pixel = pixels;
	}
	for (; pixel < pixels; pixel++) {
		one_pixel(&walk, y, x, expanded, output);
		advance(window, &y, &x);
		output += op->output_channels;
	}
	if (op->low > INT8_MIN || op->high < INT8_MAX) {
		clamp_all(op, output - pixels * op->output_channels, pixels * op->output_channels);
	}
}
