/* SPDX-License-Identifier: Apache-2.0
 *
 * MAX_POOL_2D for DSP, four channels at a time. The last four overlap with those before where four
 * do not divide the channels.
 */
#include "dsp_bytes.h"
#include "kernels/shared/window.h"

static uint32_t largest_of_four(const int8_t *corner, int32_t height, int32_t width,
				int32_t row_bytes, int32_t step)
{
	uint32_t largest = mlforge_four_bytes(INT8_MIN);

	for (; height > 0; height--) {
		const int8_t *pixel = corner;

#pragma GCC unroll 2
		for (int32_t left = width; left > 0; left--) {
			largest = mlforge_larger_bytes(mlforge_load_word(pixel), largest);
			pixel += step;
		}
		corner += row_bytes;
	}
	return largest;
}

void mlforge_dsp_max_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input,
				int8_t *output)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->channels;
	const int32_t row_bytes = window->input_width * channels;
	const uint32_t low = mlforge_four_bytes(op->low), high = mlforge_four_bytes(op->high);

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);
			const int8_t *corner = input + (rows.origin + rows.begin) * row_bytes +
					       (columns.origin + columns.begin) * channels;

			for (int32_t next = 0; next < channels; next += 4) {
				const int32_t c = next + 4 <= channels ? next : channels - 4;
				const uint32_t largest = largest_of_four(
					corner + c, rows.end - rows.begin,
					columns.end - columns.begin, row_bytes, channels);

				mlforge_store_word(
					output + c,
					mlforge_smaller_bytes(mlforge_larger_bytes(largest, low),
							      high));
			}
			output += channels;
		}
	}
}
