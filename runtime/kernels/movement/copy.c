/* SPDX-License-Identifier: Apache-2.0
 *
 * Strided copies. The innermost dimension is a loop of its own, so that single bytes (a
 * transposition) cost little; the others are counted like the wheels of an odometer.
 */
#include <stdbool.h>
#include <string.h>

#include "mlforge/kernels.h"

#define INNER (MLFORGE_COPY_RANK - 1)

static void copy_row(const struct mlforge_copy *op, const int8_t *from, int8_t *to)
{
	const int32_t input_step = op->input_step[INNER];
	const int32_t output_step = op->output_step[INNER];

	for (uint32_t n = op->count[INNER]; n > 0; n--) {
		if (op->run == 1) {
			*to = *from;
		} else {
			memcpy(to, from, op->run);
		}
		from += input_step;
		to += output_step;
	}
}

/* The next row's counters and places; false after the last. */
static bool turn(const struct mlforge_copy *op, uint32_t *counters, int32_t *from, int32_t *to)
{
	for (int32_t i = INNER - 1; i >= 0; i--) {
		*from += op->input_step[i];
		*to += op->output_step[i];
		if (++counters[i] < op->count[i]) {
			return true;
		}
		*from -= (int32_t)op->count[i] * op->input_step[i];
		*to -= (int32_t)op->count[i] * op->output_step[i];
		counters[i] = 0;
	}
	return false;
}

void mlforge_copy(const struct mlforge_copy *op, const int8_t *input, int8_t *output)
{
	uint32_t counters[INNER] = {0};
	int32_t from = (int32_t)op->input_start;
	int32_t to = (int32_t)op->output_start;

	do {
		copy_row(op, input + from, output + to);
	} while (turn(op, counters, &from, &to));
}
