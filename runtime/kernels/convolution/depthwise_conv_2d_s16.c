/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D of int16, four neighbouring channels at a time where each has one output and
 * the sum of their products fits 32 bits. Padding is zero and left out.
 */
#include <stdbool.h>

#include "kernels/shared/channels_s16.h"
#include "kernels/shared/window.h"

#define LANES 4

/* The part of a window that lies inside of the input: where it begins, for channel 0. Steps are
 * from a tap or a row of taps to the next, in elements. */
struct sight {
	const int16_t *x;
	const int8_t *w;
	int32_t rows;
	int32_t columns;
	int32_t x_step;
	int32_t w_step;
	int32_t x_row_step;
	int32_t w_row_step;
};

static struct sight look(const struct mlforge_depthwise_conv_2d_s16 *op, const int16_t *input,
			 const struct mlforge_span *rows, const struct mlforge_span *columns)
{
	const struct mlforge_window *window = &op->window;
	const int32_t depth = op->input_channels, outputs = depth * op->channel_multiplier;
	const int32_t y = rows->origin + rows->begin * window->dilation_height;
	const int32_t x = columns->origin + columns->begin * window->dilation_width;
	const int32_t tap = rows->begin * window->kernel_width + columns->begin;
	const struct sight sight = {
		.x = input + (y * window->input_width + x) * depth,
		.w = op->weights + tap * outputs,
		.rows = rows->end - rows->begin,
		.columns = columns->end - columns->begin,
		.x_step = window->dilation_width * depth,
		.w_step = outputs,
		.x_row_step = window->dilation_height * window->input_width * depth,
		.w_row_step = window->kernel_width * outputs,
	};

	return sight;
}

static int64_t one_channel(const struct sight *sight, int32_t input_channel, int32_t c)
{
	const int16_t *x_row = sight->x + input_channel;
	const int8_t *w_row = sight->w + c;
	int64_t sum = 0;

	for (int32_t ky = sight->rows; ky > 0; ky--) {
		const int16_t *x = x_row;
		const int8_t *w = w_row;

		for (int32_t kx = sight->columns; kx > 0; kx--) {
			sum += *x * *w;
			x += sight->x_step;
			w += sight->w_step;
		}
		x_row += sight->x_row_step;
		w_row += sight->w_row_step;
	}
	return sum;
}

/* Channels c..c + 3. */
static void four_channels(const struct sight *sight, int32_t c, int32_t sums[LANES])
{
	const int16_t *x_row = sight->x + c;
	const int8_t *w_row = sight->w + c;
	const int32_t x_step = sight->x_step, w_step = sight->w_step;
	int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;

	for (int32_t ky = sight->rows; ky > 0; ky--) {
		const int16_t *x = x_row;
		const int8_t *w = w_row;

		for (int32_t kx = sight->columns; kx > 0; kx--) {
#if MLFORGE_DSP
			const uint32_t first = mlforge_load_word((const int8_t *)x);
			const uint32_t second = mlforge_load_word((const int8_t *)(x + 2));
			const uint32_t weights = mlforge_load_word(w);
			const uint32_t even = mlforge_even_bytes(weights);
			const uint32_t odd = mlforge_odd_bytes(weights);

			s0 = mlforge_smlabb(even, first, s0);
			s1 = mlforge_smlabt(odd, first, s1);
			s2 = mlforge_smlatb(even, second, s2);
			s3 = mlforge_smlatt(odd, second, s3);
#else
			s0 += x[0] * w[0];
			s1 += x[1] * w[1];
			s2 += x[2] * w[2];
			s3 += x[3] * w[3];
#endif
			x += x_step;
			w += w_step;
		}
		x_row += sight->x_row_step;
		w_row += sight->w_row_step;
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

static void one_pixel(const struct mlforge_depthwise_conv_2d_s16 *op, const struct sight *sight,
		      int16_t *output)
{
	const struct mlforge_channels_s16 *channels = &op->channels;
	const int32_t outputs = sight->w_step;
	const bool fits =
		op->window.kernel_height * op->window.kernel_width <= MLFORGE_PRODUCTS_IN_32_BITS;
	const int32_t in_fours = fits && op->channel_multiplier == 1 ? outputs & -LANES : 0;
	int32_t c = 0;

	while (c < in_fours) {
		int32_t sums[LANES];

		four_channels(sight, c, sums);
		for (int32_t i = 0; i < LANES; i++) {
			*output++ = mlforge_finish_channel_s16(
				channels, mlforge_bias_s16(channels, c) + sums[i], c);
			c++;
		}
	}
	for (; c < outputs; c++) {
		const int64_t sum = one_channel(sight, c / op->channel_multiplier, c);

		*output++ = mlforge_finish_channel_s16(channels,
						       mlforge_bias_s16(channels, c) + sum, c);
	}
}

void mlforge_depthwise_conv_2d_s16(const struct mlforge_depthwise_conv_2d_s16 *op,
				   const void *input, void *output)
{
	const struct mlforge_window *window = &op->window;
	int16_t *to = output;

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);
			const struct sight sight = look(op, input, &rows, &columns);

			one_pixel(op, &sight, to);
			to += sight.w_step;
		}
	}
}
