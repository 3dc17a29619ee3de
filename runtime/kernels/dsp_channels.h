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

static inline struct mlforge_dsp_channel mlforge_dsp_channel(const struct mlforge_dsp_channels *from, int32_t index)
{
	struct mlforge_dsp_channel channel;

	if (from->right == 0) {
		const uint16_t *const halves = from->packed + 6 * index;

		channel.bias = (int32_t)(halves[0] | (uint32_t)halves[1] << 16);
		channel.factor = (int32_t)(halves[2] | (uint32_t)halves[3] << 16);
		channel.power = (int32_t)(halves[4] | (uint32_t)halves[5] << 16);
		return channel;
	}
	const uint16_t *const halves = from->packed + 3 * index;
	const uint32_t mantissa = 0x800000U | (halves[1] & 0x7fU) << 16 | halves[0];
	const uint32_t right = from->right + (halves[1] >> 7 & 0xfU);
	const uint64_t ratio = (uint64_t)from->ratio_high << 32 | from->ratio_low;
	uint64_t product = mantissa * ratio;

	/* The multiplier is the product's upper 31 bits, rounded: the factor is twice that, modulo 2^32. */
	if (product >> 63) {
		product >>= 1;
		product += 0x80000000U;
	} else {
		product += 0x80000000U;
	}
	channel.factor = (int32_t)((uint32_t)(product >> 32) << 1);
	channel.power = (int32_t)(1U << (32 - right));
	channel.bias = (int16_t)halves[2] * 32 + (halves[1] >> 11);
	return channel;
}

#endif /* MLFORGE_KERNELS_DSP_CHANNELS_H_ */
