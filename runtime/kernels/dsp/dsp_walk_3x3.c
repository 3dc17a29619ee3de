/* SPDX-License-Identifier: Apache-2.0
 *
 * What depthwise 3x3 kernels for DSP share: the layout of the weights, and the walk for cores
 * without DSP.
 */
#include "dsp_walk_3x3.h"

void mlforge_dsp_prepare_3x3(const struct mlforge_window *window, const int8_t *weights,
			     struct mlforge_dsp_plane *plane)
{
	uint32_t *to = plane->taps;

	(void)window;
#pragma GCC unroll 3
	for (int32_t row = 0; row < 3; row++) {
		const int32_t first = weights[0], second = weights[1], third = weights[2];

		to[0] = mlforge_dsp_pair_of(first, second);
		to[1] = mlforge_dsp_pair_of(second, third);
		to += 2;
		weights += 3;
	}
}

#if !MLFORGE_DSP

void mlforge_dsp_walk_3x3_portable(struct mlforge_dsp_plane *plane, int32_t stride)
{
	for (int32_t row = 0; row < plane->rows; row++) {
		for (int32_t column = 0; column < plane->columns; column++) {
			const int8_t *x = plane->x + row * plane->step_bytes + 2 * stride * column;
			int8_t *to = plane->output + row * plane->output_row +
				     column * plane->output_column;
			int32_t sum = plane->bias;

			for (int32_t k = 0; k < 3; k++) {
				sum = mlforge_smlad(plane->taps[2 * k], mlforge_load_word(x), sum);
				sum = mlforge_smlatb(plane->taps[2 * k + 1],
						     mlforge_load_word(x + 4), sum);
				x += plane->row_bytes;
			}
			*to = (int8_t)mlforge_dsp_requantise(sum, plane->factor, plane->power,
							     plane->zero_point);
		}
	}
}

#endif
