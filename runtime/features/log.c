/* SPDX-License-Identifier: Apache-2.0
 *
 * Logarithm of each value: to base 2, or in decibels.
 */
#include "mlforge/pipeline.h"
#include "features/q15.h"
#include "features/root.h"

uint32_t mlforge_log_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			     void *output)
{
	const struct mlforge_log log = *(const struct mlforge_log *)stage->tables;
	const int32_t *in = input;
	const int32_t half = (1 << log.shift) >> 1;
	int32_t *out = output;

	for (uint32_t channel = 0; channel < log.channels; channel++) {
		const int32_t exponent = log.exponents ? in[stage->input_length + channel] : 0;
		const int32_t unit = (exponent - log.frac_bits) * 65536;

		for (uint32_t i = channel; i < stage->input_length; i += log.channels) {
			int32_t value = log.lowest;

			if (in[i] > 0) {
				const int32_t octaves = mlforge_log2_q16((uint32_t)in[i]) + unit;

				value = mlforge_times_low(octaves * 128, log.factor);
				value = (value + half) >> log.shift;
			}
			out[i] = value < log.lowest ? log.lowest : value;
		}
	}
	return count;
}
