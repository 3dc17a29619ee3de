/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools of int16: how they walk. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_POOL_2D_S16_H_
#define MLFORGE_KERNELS_POOL_2D_S16_H_

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/window.h"

/* `value` makes a result of the part of a window that lies inside the input: of `height` rows,
 * `row_step` elements apart, with `width` pixels each, `step` elements apart. Inlined into each
 * kernel. */
static inline void
mlforge_pool_2d_s16(const struct mlforge_pool_2d_s16 *op, const int16_t *input, int16_t *output,
		    int32_t (*value)(const int16_t *corner, int32_t height, int32_t row_step,
				     int32_t width, int32_t step))
{
	const struct mlforge_window *window = &op->window;
	const int32_t channels = op->channels;
	const int32_t row_step = window->input_width * channels;

	for (int32_t y = 0; y < window->output_height; y++) {
		const struct mlforge_span rows = mlforge_rows(window, y);

		for (int32_t x = 0; x < window->output_width; x++) {
			const struct mlforge_span columns = mlforge_columns(window, x);
			const int16_t *corner = input + (rows.origin + rows.begin) * row_step +
						(columns.origin + columns.begin) * channels;

			for (int32_t c = 0; c < channels; c++) {
				const int32_t found =
					value(corner + c, rows.end - rows.begin, row_step,
					      columns.end - columns.begin, channels);

				*output++ = (int16_t)mlforge_clamp(found, op->low, op->high);
			}
		}
	}
}

#endif /* MLFORGE_KERNELS_POOL_2D_S16_H_ */
