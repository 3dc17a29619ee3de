/* SPDX-License-Identifier: Apache-2.0
 *
 * PAD of up to four axes. Rows are written in the order of the output, so every byte is written
 * once.
 */
#include <string.h>

#include "kernels/shared/arithmetic.h"

static int8_t *fill(int8_t *to, int8_t value, uint32_t count)
{
	memset(to, value, count);
	return to + count;
}

void mlforge_pad_s8(const struct mlforge_pad *op, const int8_t *input, int8_t *output)
{
	uint32_t size[4]; /* bytes of one step along each axis of the output */

	size[3] = 1;
	for (int32_t i = 2; i >= 0; i--) {
		size[i] = size[i + 1] *
			  ((uint32_t)op->before[i + 1] + op->input_shape[i + 1] + op->after[i + 1]);
	}
	output = fill(output, op->value, op->before[0] * size[0]);
	for (uint32_t a = 0; a < op->input_shape[0]; a++) {
		output = fill(output, op->value, op->before[1] * size[1]);
		for (uint32_t b = 0; b < op->input_shape[1]; b++) {
			output = fill(output, op->value, op->before[2] * size[2]);
			for (uint32_t c = 0; c < op->input_shape[2]; c++) {
				output = fill(output, op->value, op->before[3]);
				memcpy(output, input, op->input_shape[3]);
				input += op->input_shape[3];
				output = fill(output + op->input_shape[3], op->value, op->after[3]);
			}
			output = fill(output, op->value, op->after[2] * size[2]);
		}
		output = fill(output, op->value, op->after[1] * size[1]);
	}
	fill(output, op->value, op->after[0] * size[0]);
}
