/* SPDX-License-Identifier: Apache-2.0
 *
 * SignalFilterBank and what follows it: square roots, spectral subtraction, PCAN, logarithms.
 */
#include <string.h>

#include "mlforge/kernels.h"

void mlforge_signal_filter_bank(const struct mlforge_signal_filter_bank *op, const void *input,
				void *output)
{
	mlforge_tflm_filter(&op->bank, input, output);
}

void mlforge_signal_root(const struct mlforge_signal_root *op, const void *input, const void *bits,
			 void *output)
{
	const uint8_t *sums = input;
	const uint32_t shift = *(const uint32_t *)bits & 31U;
	uint32_t *roots = output;

	for (uint32_t i = 0; i < op->count; i++, sums += sizeof(uint64_t)) {
		uint64_t sum;

		memcpy(&sum, sums, sizeof(sum));
		roots[i] = mlforge_tflm_root(sum) >> shift;
	}
}

void mlforge_signal_subtraction(const struct mlforge_signal_subtraction *op, const void *input,
				void *state, void *output, void *estimates)
{
	mlforge_tflm_subtract(&op->subtraction, input, op->count, output, state);
	memcpy(estimates, state, op->count * sizeof(uint32_t));
}

void mlforge_signal_pcan(const struct mlforge_signal_pcan *op, const void *input,
			 const void *estimates, void *output)
{
	if (output != input) {
		memcpy(output, input, op->count * sizeof(uint32_t));
	}
	mlforge_tflm_pcan(op->gains, op->shift, estimates, output, op->count);
}

void mlforge_signal_log(const struct mlforge_signal_log *op, const void *input, void *output)
{
	const uint8_t *values = input;
	uint8_t *levels = output; /* may be the place of the values */

	for (uint32_t i = 0; i < op->count; i++) {
		uint32_t value;

		memcpy(&value, &values[4U * i], sizeof(value));
		value <<= op->shift;
		const uint32_t level = value > 1 ? mlforge_tflm_log(value, op->scale) : 0;
		const int16_t bounded = (int16_t)(level < INT16_MAX ? level : INT16_MAX);

		memcpy(&levels[2U * i], &bounded, sizeof(bounded));
	}
}
