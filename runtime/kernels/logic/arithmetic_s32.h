/* SPDX-License-Identifier: Apache-2.0
 *
 * Two int32 become one. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_LOGIC_ARITHMETIC_S32_H_
#define MLFORGE_KERNELS_LOGIC_ARITHMETIC_S32_H_

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/walk.h"

/* Inlined into each kernel. */
static inline void mlforge_combined_s32(const struct mlforge_arithmetic_s32 *op,
					const int32_t *input_1, const int32_t *input_2,
					int32_t *output, uint32_t (*combine)(uint32_t, uint32_t))
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	const int32_t low = op->low, high = op->high;
	struct mlforge_place place = {0};

	do {
		const int32_t *a = input_1 + place.offset_1;
		const int32_t *b = input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			const int32_t y = (int32_t)combine((uint32_t)*a, (uint32_t)*b);

			*output++ = mlforge_clamp(y, low, high);
			a += step_1;
			b += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}

#endif /* MLFORGE_KERNELS_LOGIC_ARITHMETIC_S32_H_ */
