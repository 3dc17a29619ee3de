/* SPDX-License-Identifier: Apache-2.0
 *
 * MAX_POOL_2D: the largest of the window's pixels that lie inside the input.
 */
#include <string.h>

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/window.h"

/* The larger of the output so far and one more pixel, for each channel. */
static void take_larger(const int8_t *pixel, int32_t channels, int8_t *output)
{
	for (int32_t c = 0; c < channels; c++) {
		if (pixel[c] > output[c]) {
			output[c] = pixel[c];
		}
	}
}

static void clamp_all(int8_t low, int8_t high, int32_t channels, int8_t *output)
{
	for (int32_t c = 0; c < channels; c++) {
		output[c] = (int8_t)mlforge_clamp(output[c], low, high);
	}
}

void mlforge_max_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input, int8_t *output)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->channels;
	const int32_t row_bytes = window->input_width * channels;

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);
			const int8_t *corner = input + (rows.origin + rows.begin) * row_bytes +
					       (columns.origin + columns.begin) * channels;

			memcpy(output, corner, (uint32_t)channels);
			for (int32_t ky = rows.begin; ky < rows.end; ky++) {
				const int8_t *pixel = corner + (ky - rows.begin) * row_bytes;

				for (int32_t kx = columns.begin; kx < columns.end; kx++) {
					take_larger(pixel, channels, output);
					pixel += channels;
				}
			}
			if (op->low > INT8_MIN || op->high < INT8_MAX) {
				clamp_all(op->low, op->high, channels, output);
			}
			output += channels;
		}
	}
}
