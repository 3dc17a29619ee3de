/* SPDX-License-Identifier: Apache-2.0
 *
 * SUM and MEAN over any axes.
 */
#include "kernels/shared/element.h"

static int32_t sum(const struct mlforge_reduction *r, const ELEMENT *input, int32_t accumulator)
{
	for (uint32_t i = 0; i < r->reduced[0]; i++) {
		for (uint32_t j = 0; j < r->reduced[1]; j++) {
			const ELEMENT *p = input + i * r->reduced_step[0] + j * r->reduced_step[1];

			for (uint32_t k = r->reduced[2]; k > 0; k--) {
				accumulator = (int32_t)((uint32_t)accumulator + (uint32_t)*p);
				p += r->reduced_step[2];
			}
		}
	}
	return accumulator;
}

void MLFORGE_KERNEL(mlforge_sum)(const struct mlforge_sum *op, const MLFORGE_ARGUMENT *input,
				 MLFORGE_ARGUMENT *output)
{
	const struct mlforge_reduction *r = &op->reduction;
	ELEMENT *to = output;

	for (uint32_t i = 0; i < r->kept[0]; i++) {
		for (uint32_t j = 0; j < r->kept[1]; j++) {
			const ELEMENT *p =
				(const ELEMENT *)input + i * r->kept_step[0] + j * r->kept_step[1];

			for (uint32_t k = 0; k < r->kept[2]; k++) {
				const int32_t total = sum(r, p + k * r->kept_step[2], op->offset);

				*to++ = finish(total, op->multiplier, op->shift,
					       op->stage.zero_point, &op->stage);
			}
		}
	}
}
