/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN over adjacent axes.
 */
#include "arithmetic.h"

void mlforge_mean_s8(const struct mlforge_mean *op, const int8_t *input, int8_t *output)
{
	for (uint32_t outer = 0; outer < op->outer; outer++) {
		for (uint32_t inner = 0; inner < op->inner; inner++) {
			const int8_t *p = input + inner;
			int32_t sum = op->offset;

			for (uint32_t k = 0; k < op->reduced; k++) {
				sum += *p;
				p += op->inner;
			}
			*output++ = mlforge_finish(sum, op->multiplier, op->shift, &op->stage);
		}
		input += op->reduced * op->inner;
	}
}
