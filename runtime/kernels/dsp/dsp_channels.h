/* SPDX-License-Identifier: Apache-2.0
 *
 * How struct mlforge_dsp_channels is read. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_DSP_CHANNELS_H_
#define MLFORGE_KERNELS_DSP_CHANNELS_H_

#include "mlforge/kernels.h"

/* What mlforge_dsp_requantise takes, and the bias with the input's zero point folded in. */
struct mlforge_dsp_channel {
	int32_t bias;
	int32_t factor;
	int32_t power;
};

void mlforge_dsp_channel(const struct mlforge_dsp_channels *from, int32_t index,
			 struct mlforge_dsp_channel *channel);

#endif /* MLFORGE_KERNELS_DSP_CHANNELS_H_ */
