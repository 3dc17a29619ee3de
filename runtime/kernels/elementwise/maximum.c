/* SPDX-License-Identifier: Apache-2.0
 *
 * MAXIMUM and MINIMUM.
 */
#include "kernels/shared/element.h"
#include "kernels/shared/walk.h"

void MLFORGE_KERNEL(mlforge_maximum)(const struct mlforge_maximum *op,
				     const MLFORGE_ARGUMENT *input_1,
				     const MLFORGE_ARGUMENT *input_2, MLFORGE_ARGUMENT *output)
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	const int32_t flip = op->flip;
	struct mlforge_place place = {0};
	ELEMENT *to = output;

	do {
		const ELEMENT *a = (const ELEMENT *)input_1 + place.offset_1;
		const ELEMENT *b = (const ELEMENT *)input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			*to++ = (*a ^ flip) > (*b ^ flip) ? *a : *b;
			a += step_1;
			b += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}
