/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D for DSP, four channels at a time. The last four overlap with those before where
 * four do not divide the channels.
 */
#include "kernels/shared/arithmetic.h"
#include "dsp_sums.h"
#include "kernels/shared/window.h"

void mlforge_dsp_average_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input,
				    int8_t *output)
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->channels;
	struct mlforge_dsp_area area = {.step = channels,
					.row_bytes = window->input_width * channels};

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);
			const int8_t *corner = input + (rows.origin + rows.begin) * area.row_bytes +
					       (columns.origin + columns.begin) * channels;

			area.height = rows.end - rows.begin;
			area.width = columns.end - columns.begin;
			for (int32_t next = 0; next < channels; next += 4) {
				const int32_t c = next + 4 <= channels ? next : channels - 4;
				int32_t sums[4];

				mlforge_dsp_sum_of_four(&area, corner + c, sums);
				for (int32_t i = 0; i < 4; i++) {
					const int32_t mean = mlforge_rounded_quotient(
						sums[i], area.height * area.width);

					output[c + i] =
						(int8_t)mlforge_clamp(mean, op->low, op->high);
				}
			}
			output += channels;
		}
	}
}
