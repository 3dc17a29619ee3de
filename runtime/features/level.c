/* SPDX-License-Identifier: Apache-2.0
 *
 * Level: values with exponents to one fixed point.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"

static int32_t mlforge_level_shifted(int32_t value, int32_t left)
{
	if (left < 0) {
		return value >> (left < -31 ? 31 : -left);
	}
	return mlforge_saturate_i32((int64_t)value * ((int64_t)1 << (left > 31 ? 31 : left)));
}

uint32_t mlforge_level_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output)
{
	const struct mlforge_level level = *(const struct mlforge_level *)stage->tables;
	const int32_t *in = input;
	int32_t *out = output;

	for (uint32_t channel = 0; channel < level.channels; channel++) {
		const int32_t left = in[stage->input_length + channel] + level.shift;

		for (uint32_t i = channel; i < stage->input_length; i += level.channels) {
			out[i] = mlforge_level_shifted(in[i], left);
		}
	}
	return count;
}
