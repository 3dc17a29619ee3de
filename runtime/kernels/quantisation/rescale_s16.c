/* SPDX-License-Identifier: Apache-2.0
 *
 * Functions of one int16 that are straight lines on either side of zero.
 */
#include "kernels/shared/arithmetic.h"

void mlforge_rescale_s16(const struct mlforge_rescale *op, const void *input, void *output)
{
	const int16_t *from = input;
	int16_t *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		const int32_t x = op->absolute && from[i] < 0 ? -from[i] : from[i];
		const int32_t y =
			x < 0 ? mlforge_requantise(x, op->multiplier_negative, op->shift_negative)
			      : mlforge_requantise(x, op->multiplier_positive, op->shift_positive);

		to[i] = (int16_t)mlforge_clamp(y, op->low, op->high);
	}
}
