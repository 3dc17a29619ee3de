/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantise: fixed point to the int8 values of the model's input. Point-wise; no state.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"

bool mlforge_quantise_process(const struct mlforge_stage *stage, const void *input)
{
	const struct mlforge_quantise *tables = stage->tables;
	const int32_t *in = input;
	int8_t *out = stage->output;

	for (uint32_t i = 0; i < stage->input_length; i++) {
		const int64_t scaled = mlforge_scale_i32(in[i], tables->multiplier, tables->shift);
		const int64_t value = scaled + tables->zero_point;

		out[i] = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
	}
	return true;
}
