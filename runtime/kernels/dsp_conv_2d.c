/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for DSP. The windows of three pixels at a time are expanded to int16 in scratch, with padding filled in, and
 * meet all channels there. A window is made of runs, one for each of its rows: kernel_width * input_channels bytes that
 * are contiguous in the input, rounded up to whole words (the weights of what is too much are 0).
 */
#include <stdbool.h>
#include <string.h>

#include "dsp_channels.h"
#include "dsp_pixels.h"
#include "window.h"

static void unpack(const struct mlforge_dsp_channels *channels, int32_t count, struct mlforge_dsp_pair *to)
{
	for (int32_t c = 0; c < count; c += 2) {
		const struct mlforge_dsp_channel a = mlforge_dsp_channel(channels, c);
		const struct mlforge_dsp_channel b = mlforge_dsp_channel(channels, c + 1);

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
};

/* A pixel's window: where its first run would begin, and which of it lies inside the input. */
struct pixel {
	int32_t offset;
	struct mlforge_span rows;
	struct mlforge_span columns;
	bool whole_runs; /* contiguous, and inside the input with all their words */
};

static struct pixel pixel_at(const struct walk *walk, int32_t y, int32_t x)
{
	const struct mlforge_window *window = &walk->op->window;
	struct pixel pixel = {.rows = mlforge_rows(window, y), .columns = mlforge_columns(window, x)};

	pixel.offset = pixel.rows.origin * walk->row_bytes + pixel.columns.origin * walk->op->input_channels;
	pixel.whole_runs = pixel.columns.begin == 0 && pixel.columns.end == window->kernel_width &&
			   window->dilation_width == 1;
	return pixel;
}

/* Row `ky` of a window with padding filled in, for what cannot be read in place. */
static const int8_t *copy_run(const struct walk *walk, const struct pixel *pixel, const int8_t *run, int8_t *copy)
{
	const int32_t channels = walk->op->input_channels;
	const int32_t step = walk->op->window.dilation_width * channels;
	int8_t *to = copy + pixel->columns.begin * channels;

	memset(copy, walk->op->input_zero_point, (uint32_t)(4 * walk->run_quads));
	for (int32_t kx = pixel->columns.begin; kx < pixel->columns.end; kx++) {
		memcpy(to, run + kx * step, (uint32_t)channels);
		to += channels;
	}
	return copy;
}

static const int8_t *run_of(const struct walk *walk, const struct pixel *pixel, int32_t ky, int32_t slot)
{
	if (ky < pixel->rows.begin || ky >= pixel->rows.end) {
		return walk->padding;
	}
	const int32_t offset = pixel->offset + ky * walk->op->window.dilation_height * walk->row_bytes;
	const int8_t *run = walk->input + offset;

	if (pixel->whole_runs && offset + 4 * walk->run_quads <= walk->input_bytes) {
		return run;
	}
	return copy_run(walk, pixel, run, walk->copies + 4 * slot * walk->run_quads);
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

/* Three windows, wherever they are. */
static void expand_any(const struct walk *walk, int32_t y, int32_t x, uint32_t *to)
{
	const struct mlforge_window *window = &walk->op->window;
	struct pixel pixels[3];

	for (int32_t i = 0; i < 3; i++) {
		pixels[i] = pixel_at(walk, y, x);
		advance(window, &y, &x);
	}
	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		to = mlforge_dsp_expand_3(run_of(walk, &pixels[0], ky, 0), run_of(walk, &pixels[1], ky, 1),
					  run_of(walk, &pixels[2], ky, 2), walk->run_quads, to);
	}
}

static uint32_t *expand_padding(const struct walk *walk, int32_t rows, uint32_t *to)
{
	for (; rows > 0; rows--) {
		to = mlforge_dsp_expand_3(walk->padding, walk->padding, walk->padding, walk->run_quads, to);
	}
	return to;
}

/* Three windows side by side, each row of which can be read where it is. */
static void expand_neighbours(const struct walk *walk, const struct mlforge_span *rows, const int8_t *corner,
			      uint32_t *to)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t step = window->stride_width * walk->op->input_channels;
	const int32_t row_step = window->dilation_height * walk->row_bytes;
	const int8_t *run = corner + rows->begin * row_step;

	to = expand_padding(walk, rows->begin, to);
	for (int32_t ky = rows->begin; ky < rows->end; ky++) {
		to = mlforge_dsp_expand_3(run, run + step, run + 2 * step, walk->run_quads, to);
		run += row_step;
	}
	expand_padding(walk, window->kernel_height - rows->end, to);
}

static void expand_three(const struct walk *walk, int32_t y, int32_t x, uint32_t *to)
{
	const struct mlforge_window *window = &walk->op->window;
	const struct mlforge_span rows = mlforge_rows(window, y);

	if (x >= walk->x_begin && x + 2 < walk->x_end) {
		const int32_t column = x * window->stride_width - window->pad_left;
		const int32_t corner = rows.origin * walk->row_bytes + column * walk->op->input_channels;
		const int32_t last = corner + (rows.end - 1) * window->dilation_height * walk->row_bytes +
				     2 * window->stride_width * walk->op->input_channels;

		if (last + 4 * walk->run_quads <= walk->input_bytes) {
			expand_neighbours(walk, &rows, walk->input + corner, to);
			return;
		}
	}
	expand_any(walk, y, x, to);
}

/* An odd number of channels begins with the last one and a channel that nobody wants, whose results land where those of
 * the next pixel will: the very last pixel is none of three. */
static void three_pixels(const struct walk *walk, struct mlforge_dsp_pixels *job, int8_t *output)
{
	const struct mlforge_dsp_conv_2d *op = walk->op;
	const uint32_t quads = (uint32_t)(job->x_end - job->x) / 6;
	const struct mlforge_dsp_pair *const first = walk->pairs;
	const struct mlforge_dsp_pair *const end = first + (op->output_channels + 1) / 2;

	job->weights = (const uint32_t *)op->weights;
	job->pairs = first;
	if (op->output_channels % 2) {
		job->pairs_end = first + 1;
		job->output = output + op->output_channels - 1;
		mlforge_dsp_pixels_3(job);
		job->weights += 2 * quads;
		job->pairs = first + 1;
	}
	job->pairs_end = end;
	job->output = output;
	if (job->pairs != end) {
		mlforge_dsp_pixels_3(job);
	}
}

static void one_pixel(const struct walk *walk, int32_t y, int32_t x, uint32_t *scratch, int8_t *output)
{
	const struct mlforge_dsp_conv_2d *op = walk->op;
	const int32_t quads = walk->run_quads * op->window.kernel_height;
	const int32_t odd = op->output_channels % 2;
	const struct pixel pixel = pixel_at(walk, y, x);
	const uint32_t *weights = (const uint32_t *)op->weights;
	uint32_t *to = scratch;

	for (int32_t ky = 0; ky < op->window.kernel_height; ky++) {
		to = mlforge_dsp_expand_1(run_of(walk, &pixel, ky, 0), walk->run_quads, to);
	}
	if (odd) {
		mlforge_dsp_pixel_1(scratch, quads, walk->pairs, weights, 1, op->zero_point,
				    output + op->output_channels - 1);
		weights += 2 * quads;
	}
	mlforge_dsp_pixel_1(scratch, quads, walk->pairs + odd, weights, op->output_channels - odd, op->zero_point,
			    output);
}

/* With dilation, windows are never read where they are. */
static void whole_columns(struct walk *walk)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t room = window->input_width - window->kernel_width + window->pad_left;

	walk->x_begin = (window->pad_left + window->stride_width - 1) / window->stride_width;
	walk->x_end = window->dilation_width > 1 || room < 0 ? 0 : room / window->stride_width + 1;
}

void mlforge_dsp_conv_2d_s8(const struct mlforge_dsp_conv_2d *op, const int8_t *input, int8_t *output, void *scratch)
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
		.x = expanded,
		.x_end = expanded + 6 * quads,
		.stride = op->output_channels,
		.zero_point = op->zero_point,
		.skip = (uint32_t)-quads & 3U,
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
	for (; pixel < pixels; pixel++) {
		one_pixel(&walk, y, x, expanded, output);
		advance(window, &y, &x);
		output += op->output_channels;
	}
	if (op->low > INT8_MIN || op->high < INT8_MAX) {
		clamp_all(op, output - pixels * op->output_channels, pixels * op->output_channels);
	}
}
