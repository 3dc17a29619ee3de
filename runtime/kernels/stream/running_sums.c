/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of a window that moves on: the sum of a new block takes the slot of the one that leaves, and
 * the difference goes to the window's sum. Integers: the result is that of adding up all again.
 */
#include "running_sums.h"

static int32_t sum_rows(const int8_t *from, int32_t rows, int32_t step)
{
	int32_t sum = 0;

	for (; rows > 0; rows--) {
		sum += *from;
		from += step;
	}
	return sum;
}

const int32_t *mlforge_running_sums(const struct mlforge_running_sums *op, const int8_t *input,
				    void *state)
{
	const int32_t channels = op->channels;
	int32_t *const next = state;
	int32_t *const windows = next + 1;
	int16_t *const blocks = (int16_t *)(windows + op->phases * channels);
	int32_t *sums = windows;

	for (int32_t n = op->blocks; n > 0; n--) {
		int16_t *const slot = blocks + *next * channels;

		sums = windows + *next % op->phases * channels;
		for (int32_t c = 0; c < channels; c++) {
			const int32_t sum = sum_rows(input + c, op->rows, channels);

			sums[c] += sum - slot[c];
			slot[c] = (int16_t)sum;
		}
		input += op->rows * channels;
		*next = *next + 1 == op->slots ? 0 : *next + 1;
	}
	return sums;
}
