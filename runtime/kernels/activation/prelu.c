/* SPDX-License-Identifier: Apache-2.0
 *
 * PRELU.
 */
#include "kernels/shared/element.h"
#include "kernels/shared/walk.h"

static ELEMENT prelu(const struct mlforge_prelu *op, int32_t x, int32_t alpha)
{
	const int32_t y =
		x >= 0 ? mlforge_requantise(x, op->multiplier_positive, op->shift_positive)
		       : mlforge_requantise(x * alpha, op->multiplier_negative, op->shift_negative);

	return (ELEMENT)(mlforge_clamp(y, op->stage.low, op->stage.high) + op->stage.zero_point);
}

void MLFORGE_KERNEL(mlforge_prelu)(const struct mlforge_prelu *op, const MLFORGE_ARGUMENT *input_1,
				   const int8_t *input_2, MLFORGE_ARGUMENT *output)
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	struct mlforge_place place = {0};
	ELEMENT *to = output;

	do {
		const ELEMENT *x = (const ELEMENT *)input_1 + place.offset_1;
		const int8_t *alpha = input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			*to++ = prelu(op, *x - op->zero_point_1, *alpha - op->zero_point_2);
			x += step_1;
			alpha += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}
