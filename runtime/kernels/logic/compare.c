/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparisons of int8.
 */
#include "compare.h"
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/walk.h"

#define FRACTION_BITS 8

static int32_t scaled(int32_t value, int32_t multiplier, int32_t shift)
{
	return mlforge_requantise(value * (1 << FRACTION_BITS), multiplier, shift);
}

void mlforge_compare_s8(const struct mlforge_comparison *op, const int8_t *input_1,
			const int8_t *input_2, int8_t *output)
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	struct mlforge_place place = {0};

	do {
		const int8_t *a = input_1 + place.offset_1;
		const int8_t *b = input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			const int32_t x =
				scaled(*a - op->zero_point_1, op->multiplier_1, op->shift_1);
			const int32_t y =
				scaled(*b - op->zero_point_2, op->multiplier_2, op->shift_2);

			*output++ = mlforge_holds(op->relation, x, y);
			a += step_1;
			b += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}
