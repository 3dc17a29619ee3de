/* SPDX-License-Identifier: Apache-2.0
 *
 * SUM and MEAN over any axes.
 */
#include "arithmetic.h"

static int32_t sum(const struct mlforge_reduction *r, const int8_t *input, int32_t accumulator)
{
	for (uint32_t i = 0; i < r->reduced[0]; i++) {
		for (uint32_t j = 0; j < r->reduced[1]; j++) {
			const int8_t *p = input + i * r->reduced_step[0] + j * r->reduced_step[1];

			for (uint32_t k = r->reduced[2]; k > 0; k--) {
				accumulator += *p;
				p += r->reduced_step[2];
			}
		}
	}
	return accumulator;
}

void mlforge_sum_s8(const struct mlforge_sum *op, const int8_t *input, int8_t *output)
{
	const struct mlforge_reduction *r = &op->reduction;

	for (uint32_t i = 0; i < r->kept[0]; i++) {
		for (uint32_t j = 0; j < r->kept[1]; j++) {
			const int8_t *p = input + i * r->kept_step[0] + j * r->kept_step[1];

			for (uint32_t k = 0; k < r->kept[2]; k++) {
				const int32_t total = sum(r, p + k * r->kept_step[2], op->offset);

				*output++ = mlforge_finish(total, op->multiplier, op->shift, &op->stage);
			}
		}
	}
}
