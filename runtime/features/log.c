/* SPDX-License-Identifier: Apache-2.0
 *
 * Logarithm of each value: to base 2, or in decibels.
 */
#include "features/log_of.h"

uint32_t mlforge_log_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			     void *output)
{
	const struct mlforge_log log = *(const struct mlforge_log *)stage->tables;
	const int32_t *in = input;
	int32_t *out = output;

	for (uint32_t channel = 0; channel < log.channels; channel++) {
		const int32_t exponent = log.exponents ? in[stage->input_length + channel] : 0;
		const int32_t unit = mlforge_log_unit(&log, exponent);

		for (uint32_t i = channel; i < stage->input_length; i += log.channels) {
			out[i] = mlforge_log_of(&log, in[i], unit);
		}
	}
	return count;
}
