/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D in groups, and DEPTHWISE_CONV_2D with several outputs for each input channel, which is a
 * group of one channel. The part of a window that belongs to a group is brought together in
 * scratch, padding included, for two pixels at a time; then each pair of its channels meets both.
 */
#include <string.h>

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/dot.h"
#include "kernels/shared/window.h"

struct place {
	struct mlforge_span rows;
	struct mlforge_span columns;
};

static struct place place_of(const struct mlforge_window *window, int32_t pixel)
{
	const int32_t y = pixel / window->output_width;
	const struct place place = {
		.rows = mlforge_rows(window, y),
		.columns = mlforge_columns(window, pixel - y * window->output_width),
	};

	return place;
}

static inline void take(int8_t *to, const int8_t *from, int32_t depth)
{
	if (depth == 1) {
		*to = *from;
	} else {
		memcpy(to, from, (uint32_t)depth);
	}
}

/* Copies the window's `depth` channels from `input` on into `patch`, [kernel_height][kernel_width]
 * [depth]. What lies outside is there already. */
static void gather(const struct mlforge_window *window, int32_t channels, int32_t depth,
		   const int8_t *input, const struct place *place, int8_t *patch)
{
	const int32_t inside = place->columns.end - place->columns.begin;
	const int32_t step = window->dilation_width * channels;
	const int32_t x = place->columns.origin + place->columns.begin * window->dilation_width;

	for (int32_t ky = place->rows.begin; ky < place->rows.end; ky++) {
		const int32_t y = place->rows.origin + ky * window->dilation_height;
		const int8_t *from = input + (y * window->input_width + x) * channels;
		int8_t *to = patch + (ky * window->kernel_width + place->columns.begin) * depth;

		for (int32_t kx = 0; kx < inside; kx++) {
			take(to, from, depth);
			to += depth;
			from += step;
		}
	}
}

/* The channels begin..end-1 of two pixels. */
static __attribute__((noinline)) void two_pixels(const struct mlforge_conv_2d *op, int32_t size,
						 const int8_t *p0, const int8_t *p1, int32_t begin,
						 int32_t end, int8_t *out0, int8_t *out1)
{
	for (int32_t c = begin; c < end; c += 2) {
		const int32_t d = c + 1 < end ? c + 1 : c;
		int32_t sums[2][2] = {{op->bias[c], op->bias[d]}, {op->bias[c], op->bias[d]}};

		mlforge_dot_2x2(p0, p1, op->weights + c * size, op->weights + d * size, size, sums);
		mlforge_finish_pair(sums[0][0], sums[1][0], op->multiplier[c], op->shift[c],
				    &op->stage, out0 + c, out1 + c);
		mlforge_finish_pair(sums[0][1], sums[1][1], op->multiplier[d], op->shift[d],
				    &op->stage, out0 + d, out1 + d);
	}
}

void mlforge_grouped_conv_2d_s8(const struct mlforge_grouped_conv_2d *op, const int8_t *input,
				int8_t *output, int8_t *scratch)
{
	const struct mlforge_conv_2d *conv = &op->conv;
	const struct mlforge_window *window = &conv->window;
	const int32_t channels = conv->input_channels;
	const int32_t depth = channels / op->groups, filters = conv->output_channels / op->groups;
	const int32_t size = window->kernel_height * window->kernel_width * depth;
	const int32_t pixels = window->output_height * window->output_width;

	for (int32_t pixel = 0; pixel < pixels; pixel += 2) {
		const int32_t other = pixel + 1 < pixels ? pixel + 1 : pixel;
		const struct place first = place_of(window, pixel);
		const struct place second = place_of(window, other);

		memset(scratch, conv->input_zero_point, (uint32_t)(2 * size));
		for (int32_t group = 0; group < op->groups; group++) {
			const int8_t *from = input + group * depth;

			gather(window, channels, depth, from, &first, scratch);
			gather(window, channels, depth, from, &second, scratch + size);
			two_pixels(conv, size, scratch, scratch + size, group * filters,
				   (group + 1) * filters, output + pixel * conv->output_channels,
				   output + other * conv->output_channels);
		}
	}
}
