/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D: the mean of the window's pixels that lie inside the input, halves rounded away
 * from zero.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/window.h"

void mlforge_average_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input,
				int8_t *output)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->channels;
	const int32_t row_bytes = window->input_width * channels;

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);
			const int32_t width = columns.end - columns.begin;
			const int32_t height = rows.end - rows.begin;
			const int8_t *corner = input + (rows.origin + rows.begin) * row_bytes +
					       (columns.origin + columns.begin) * channels;

			for (int32_t c = 0; c < channels; c++) {
				int32_t sum = 0;

				for (int32_t ky = 0; ky < height; ky++) {
					const int8_t *p = corner + ky * row_bytes + c;

					for (int32_t kx = 0; kx < width; kx++) {
						sum += *p;
						p += channels;
					}
				}
				*output++ = (int8_t)mlforge_clamp(
					mlforge_rounded_quotient(sum, width * height), op->low,
					op->high);
			}
		}
	}
}
