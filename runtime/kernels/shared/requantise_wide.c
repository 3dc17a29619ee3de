/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums that outgrow 32 bits where the reference keeps them in 32 bits, and wraps: many large values
 * of int16 in a row.
 */
#include "channels_s16.h"

int32_t mlforge_requantise_wide(int64_t sum, int32_t multiplier, int32_t shift)
{
	const int64_t reduced = multiplier < 0x7fff0000 ? (multiplier + (1 << 15)) >> 16 : 0x7fff;
	const int32_t right = 16 + shift; /* at least 8 */
	const int64_t y = (sum * reduced + ((int64_t)1 << (right - 1))) >> right;

	if (y < INT16_MIN) {
		return INT16_MIN;
	}
	return y > INT16_MAX ? INT16_MAX : (int32_t)y;
}
