/* SPDX-License-Identifier: Apache-2.0
 *
 * Requantisation in the cases that models seldom have: a factor of a half or more, or a clamp
 * tighter than int8.
 */
#include "arithmetic.h"

int8_t mlforge_requantise_slow_path(int32_t accumulator, int32_t multiplier, int32_t shift,
				    const struct mlforge_output_stage *stage)
{
	if (shift < -MLFORGE_CLAMPED / 2) {
		shift += MLFORGE_CLAMPED;
	}
	const int32_t y = mlforge_requantise(accumulator, multiplier, shift);

	return (int8_t)(mlforge_clamp(y, stage->low, stage->high) + stage->zero_point);
}
