/* SPDX-License-Identifier: Apache-2.0
 *
 * RESIZE_NEAREST_NEIGHBOR. Which pixel is the nearest is a matter of floats, which the compiler has
 * settled.
 */
#include <string.h>

#include "mlforge/kernels.h"

void mlforge_resize_nearest(const struct mlforge_resize_nearest *op, const int8_t *input,
			    int8_t *output)
{
	const uint32_t pixel = op->pixel_bytes;
	const uint32_t row_bytes = op->input_width * pixel;

	for (uint32_t y = 0; y < op->output_height; y++) {
		const int8_t *row = input + (uint32_t)op->rows[y] * row_bytes;

		for (uint32_t x = 0; x < op->output_width; x++) {
			memcpy(output, row + (uint32_t)op->columns[x] * pixel, pixel);
			output += pixel;
		}
	}
}
