/* SPDX-License-Identifier: Apache-2.0
 *
 * RESIZE_BILINEAR in integers: ResizeBilinearInteger of the reference, whose sums fit 32 bits for
 * int8.
 */
#include "kernels/shared/arithmetic.h"

#define ONE 1024 /* of a weight along one axis */

/* x / 2^20, rounded to nearest, halves away from zero. */
static int8_t rounded(int32_t x)
{
	return (int8_t)((x + (x > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20));
}

void mlforge_resize_bilinear_s8(const struct mlforge_resize_bilinear *op, const int8_t *input,
				int8_t *output)
{
	const int32_t channels = op->channels;
	const int32_t row_bytes = op->input_width * channels;

	for (int32_t y = 0; y < op->output_height; y++) {
		const int16_t *row = op->rows + 3 * y;
		const int8_t *upper = input + row[0] * row_bytes;
		const int8_t *lower = input + row[1] * row_bytes;

		for (int32_t x = 0; x < op->output_width; x++) {
			const int16_t *column = op->columns + 3 * x;
			const int32_t left = column[0] * channels, right = column[1] * channels;
			const int32_t upper_left = (ONE - row[2]) * (ONE - column[2]);
			const int32_t lower_left = row[2] * (ONE - column[2]);
			const int32_t upper_right = (ONE - row[2]) * column[2];
			const int32_t lower_right = row[2] * column[2];

			for (int32_t c = 0; c < channels; c++) {
				*output++ = rounded(upper[left + c] * upper_left +
						    lower[left + c] * lower_left +
						    upper[right + c] * upper_right +
						    lower[right + c] * lower_right);
			}
		}
	}
}
