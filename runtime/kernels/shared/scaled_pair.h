/* SPDX-License-Identifier: Apache-2.0
 *
 * Two inputs on a common scale. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_SCALED_PAIR_H_
#define MLFORGE_KERNELS_SCALED_PAIR_H_

#include "element.h"
#include "walk.h"

/* One row: `combine` makes an accumulator of two values on the common scale. Inlined into each
 * kernel. */
static inline void mlforge_scaled_pair(const struct mlforge_scaled_pair *op, const ELEMENT *input_1,
				       const ELEMENT *input_2, ELEMENT *output, int32_t bits,
				       int32_t (*combine)(int32_t, int32_t))
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	/* Copies, which stores into the output cannot change. */
	const int32_t zero_point_1 = op->zero_point_1, multiplier_1 = op->multiplier_1,
		      shift_1 = op->shift_1;
	const int32_t zero_point_2 = op->zero_point_2, multiplier_2 = op->multiplier_2,
		      shift_2 = op->shift_2;
	const int32_t multiplier = op->multiplier_output, shift = op->shift_output;
	const int32_t zero_point = op->stage.zero_point;
	struct mlforge_place place = {0};

	do {
		const ELEMENT *a = input_1 + place.offset_1;
		const ELEMENT *b = input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			const int32_t x = mlforge_requantise((*a - zero_point_1) * (1 << bits),
							     multiplier_1, shift_1);
			const int32_t y = mlforge_requantise((*b - zero_point_2) * (1 << bits),
							     multiplier_2, shift_2);

			*output++ =
				finish(combine(x, y), multiplier, shift, zero_point, &op->stage);
			a += step_1;
			b += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}

#endif /* MLFORGE_KERNELS_SCALED_PAIR_H_ */
