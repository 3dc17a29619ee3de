/* SPDX-License-Identifier: Apache-2.0
 *
 * Biases and multipliers of output channels, out of the six or eight bytes that each takes in
 * flash.
 */
#include "dsp_channels.h"

void mlforge_dsp_channel(const struct mlforge_dsp_channels *from, int32_t index,
			 struct mlforge_dsp_channel *channel)
{
	if (from->right == 0) {
		const uint16_t *const halves = from->packed + 4 * index;
		const uint32_t low = halves[0] | (uint32_t)halves[1] << 16;

		channel->factor = (int32_t)(0x80000000U | low << 1);
		channel->power = (int32_t)(1U << ((low >> 30) | (halves[2] & 7U) << 2));
		channel->bias = (int16_t)halves[3] * 8192 + (halves[2] >> 3);
		return;
	}
	const uint16_t *const halves = from->packed + 3 * index;
	const uint32_t mantissa = 0x800000U | (halves[1] & 0x7fU) << 16 | halves[0];
	const uint32_t right = from->right + (halves[1] >> 7 & 0xfU);
	const uint64_t ratio = (uint64_t)from->ratio_high << 32 | from->ratio_low;
	uint64_t product = mantissa * ratio;

	/* The multiplier is the product's upper 31 bits, rounded: the factor is twice that, modulo
	 * 2^32. */
	if (product >> 63) {
		product >>= 1;
	}
	product += 0x80000000U;
	channel->factor = (int32_t)((uint32_t)(product >> 32) << 1);
	channel->power = (int32_t)(1U << (32 - right));
	channel->bias = (int16_t)halves[2] * 32 + (halves[1] >> 11);
}
