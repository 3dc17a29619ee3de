/* SPDX-License-Identifier: Apache-2.0
 *
 * ARG_MAX and ARG_MIN.
 */
#include "mlforge/kernels.h"

void mlforge_arg_max_s8(const struct mlforge_arg_max *op, const int8_t *input, void *output)
{
	const int32_t flip = op->flip;
	int32_t *to = output;

	for (uint32_t outer = 0; outer < op->outer; outer++) {
		for (uint32_t inner = 0; inner < op->inner; inner++) {
			const int8_t *p = input + inner;
			int32_t best = *p ^ flip;
			uint32_t found = 0;

			for (uint32_t i = 1; i < op->size; i++) {
				p += op->inner;
				if ((*p ^ flip) > best) {
					best = *p ^ flip;
					found = i;
				}
			}
			*to++ = (int32_t)found;
		}
		input += op->size * op->inner;
	}
}
