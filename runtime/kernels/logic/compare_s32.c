/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparisons of int32.
 */
#include "compare.h"
#include "kernels/shared/walk.h"

void mlforge_compare_s32(const struct mlforge_comparison_s32 *op, const void *input_1,
			 const void *input_2, int8_t *output)
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	struct mlforge_place place = {0};

	do {
		const int32_t *a = (const int32_t *)input_1 + place.offset_1;
		const int32_t *b = (const int32_t *)input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			*output++ = mlforge_holds(op->relation, *a, *b);
			a += step_1;
			b += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}
