/* SPDX-License-Identifier: Apache-2.0
 *
 * CUMSUM.
 */
#include <stddef.h>

#include "kernels/shared/arithmetic.h"

#define FRACTION_BITS 19

static uint32_t with_fraction(int32_t value)
{
	return (uint32_t)value << FRACTION_BITS;
}

/* One line of `size` elements, `step` apart. */
static void one_line(const struct mlforge_cumsum *op, const int8_t *input, int8_t *output,
		     ptrdiff_t step)
{
	uint32_t sum = with_fraction(-op->zero_point);

	for (uint32_t i = 0; i < op->size; i++) {
		const uint32_t next = sum + with_fraction(*input - op->zero_point);

		*output = mlforge_finish((int32_t)(op->exclusive ? sum : next), op->multiplier,
					 op->shift, &op->stage);
		sum = next;
		input += step;
		output += step;
	}
}

void mlforge_cumsum_s8(const struct mlforge_cumsum *op, const int8_t *input, int8_t *output)
{
	const uint32_t start = op->reverse ? (op->size - 1) * op->inner : 0;
	const ptrdiff_t step = op->reverse ? -(ptrdiff_t)op->inner : (ptrdiff_t)op->inner;

	for (uint32_t outer = 0; outer < op->outer; outer++) {
		for (uint32_t inner = 0; inner < op->inner; inner++) {
			one_line(op, input + start + inner, output + start + inner, step);
		}
		input += op->size * op->inner;
		output += op->size * op->inner;
	}
}
