/* SPDX-License-Identifier: Apache-2.0
 *
 * MAXIMUM and MINIMUM.
 */
#include "walk.h"

void mlforge_maximum_s8(const struct mlforge_maximum *op, const int8_t *input_1, const int8_t *input_2, int8_t *output)
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	const int32_t flip = op->flip;
	struct mlforge_place place = {0};

	do {
		const int8_t *a = input_1 + place.offset_1;
		const int8_t *b = input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			*output++ = (*a ^ flip) > (*b ^ flip) ? *a : *b;
			a += step_1;
			b += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}
