/* SPDX-License-Identifier: Apache-2.0
 *
 * What depthwise 3x3 kernels for DSP share: the layout of the weights, and the walk for cores
 * without DSP.
 */
#include "dsp_walk_3x3.h"

void mlforge_dsp_prepare_3x3(const struct mlforge_window *window, const int8_t *weights,
			     struct mlforge_dsp_plane *plane)
{
	(void)window;
	plane->first_taps[0] = mlforge_dsp_pair_of(weights[0], weights[1]);
	plane->first_taps[1] = mlforge_dsp_pair_of(weights[1], weights[2]);
	plane->taps[0] = mlforge_dsp_pair_of(weights[3], weights[4]);
	plane->taps[1] = mlforge_dsp_pair_of(weights[4], weights[5]);
	plane->taps[2] = mlforge_dsp_pair_of(weights[6], weights[7]);
	plane->taps[3] = mlforge_dsp_pair_of(weights[7], weights[8]);
}

#if !MLFORGE_DSP

void mlforge_dsp_walk_3x3_portable(struct mlforge_dsp_plane *plane, int32_t stride)
{
	for (int32_t row = 0; row < plane->rows; row++) {
		for (int32_t column = 0; column < plane->columns; column++) {
			const int8_t *x = plane->x + row * plane->step_bytes + 2 * stride * column;
			int8_t *to = plane->output + row * plane->output_row +
				     column * plane->output_column;
			int32_t sum = plane->channel.bias;

			for (int32_t k = 0; k < 3; k++) {
				const uint32_t *taps =
					k > 0 ? plane->taps + 2 * (k - 1) : plane->first_taps;

				sum = mlforge_smlad(taps[0], mlforge_load_word(x), sum);
				sum = mlforge_smlatb(taps[1], mlforge_load_word(x + 4), sum);
				x += plane->row_bytes;
			}
			*to = (int8_t)mlforge_dsp_requantise(sum, plane->channel.factor,
							     plane->channel.power,
							     plane->zero_point);
		}
	}
}

#endif
