/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D of int16: halves rounded away from zero.
 */
#include "pool_2d_s16.h"

static inline int32_t average(const int16_t *corner, int32_t height, int32_t row_step,
			      int32_t width, int32_t step)
{
	const int32_t count = height * width;
	int32_t sum = 0;

	for (int32_t ky = 0; ky < height; ky++) {
		for (int32_t kx = 0; kx < width; kx++) {
			sum += corner[ky * row_step + kx * step];
		}
	}
	return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

void mlforge_average_pool_2d_s16(const struct mlforge_pool_2d_s16 *op, const void *input,
				 void *output)
{
	mlforge_pool_2d_s16(op, input, output, average);
}
