/* SPDX-License-Identifier: Apache-2.0
 *
 * MAX_POOL_2D of int16.
 */
#include "pool_2d_s16.h"

static inline int32_t largest(const int16_t *corner, int32_t height, int32_t row_step,
			      int32_t width, int32_t step)
{
	int32_t best = INT16_MIN;

	for (int32_t ky = 0; ky < height; ky++) {
		for (int32_t kx = 0; kx < width; kx++) {
			const int32_t value = corner[ky * row_step + kx * step];

			best = value > best ? value : best;
		}
	}
	return best;
}

void mlforge_max_pool_2d_s16(const struct mlforge_pool_2d_s16 *op, const void *input, void *output)
{
	mlforge_pool_2d_s16(op, input, output, largest);
}
