/* SPDX-License-Identifier: Apache-2.0
 *
 * REDUCE_MAX and REDUCE_MIN over any axes.
 */
#include "mlforge/kernels.h"

static int32_t largest(const struct mlforge_reduction *r, const int8_t *input, int32_t flip)
{
	int32_t best = INT8_MIN;

	for (uint32_t i = 0; i < r->reduced[0]; i++) {
		for (uint32_t j = 0; j < r->reduced[1]; j++) {
			const int8_t *p = input + i * r->reduced_step[0] + j * r->reduced_step[1];

			for (uint32_t k = r->reduced[2]; k > 0; k--) {
				const int32_t value = *p ^ flip;

				best = value > best ? value : best;
				p += r->reduced_step[2];
			}
		}
	}
	return best ^ flip;
}

void mlforge_reduce_max_s8(const struct mlforge_reduce_max *op, const int8_t *input, int8_t *output)
{
	const struct mlforge_reduction *r = &op->reduction;

	for (uint32_t i = 0; i < r->kept[0]; i++) {
		for (uint32_t j = 0; j < r->kept[1]; j++) {
			const int8_t *p = input + i * r->kept_step[0] + j * r->kept_step[1];

			for (uint32_t k = 0; k < r->kept[2]; k++) {
				*output++ = (int8_t)largest(r, p + k * r->kept_step[2], op->flip);
			}
		}
	}
}
