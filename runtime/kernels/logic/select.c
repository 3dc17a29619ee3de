/* SPDX-License-Identifier: Apache-2.0
 *
 * SELECT_V2, of elements of any size.
 */
#include <string.h>

#include "mlforge/kernels.h"

/* Where an input is, in elements, at the indices `at`. */
static uint32_t offset_of(const uint32_t *at, const uint32_t *step)
{
	uint32_t offset = 0;

	for (uint32_t d = 0; d < MLFORGE_WALK_RANK; d++) {
		offset += at[d] * step[d];
	}
	return offset;
}

/* On to the next row, but for the innermost dimension; 0 after the last. */
static int next_row(const struct mlforge_select *op, uint32_t *at)
{
	for (uint32_t d = MLFORGE_WALK_RANK - 1; d-- > 0;) {
		if (++at[d] < op->size[d]) {
			return 1;
		}
		at[d] = 0;
	}
	return 0;
}

void mlforge_select(const struct mlforge_select *op, const int8_t *condition, const int8_t *first,
		    const int8_t *second, int8_t *output)
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, bytes = op->element_bytes;
	uint32_t at[MLFORGE_WALK_RANK] = {0};

	do {
		const int8_t *c = condition + offset_of(at, op->step_condition);
		const int8_t *a = first + offset_of(at, op->step_1) * bytes;
		const int8_t *b = second + offset_of(at, op->step_2) * bytes;

		for (uint32_t i = 0; i < op->size[last]; i++) {
			memmove(output, *c ? a : b, bytes);
			c += op->step_condition[last];
			a += op->step_1[last] * bytes;
			b += op->step_2[last] * bytes;
			output += bytes;
		}
	} while (next_row(op, at));
}
