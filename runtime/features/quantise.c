/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantise: fixed point to the int8 values of the model's input. Point-wise; no state.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"

uint32_t mlforge_quantise_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output)
{
	const struct mlforge_quantise tables = *(const struct mlforge_quantise *)stage->tables;
	const int32_t lowest = INT8_MIN - tables.zero_point;
	const int32_t highest = INT8_MAX - tables.zero_point;
	const uint32_t length = stage->input_length * count;
	const int32_t *in = input;
	int8_t *out = output;

	for (uint32_t i = 0; i < length; i++) {
		const int32_t scaled = mlforge_scale_i32(in[i], tables.multiplier, tables.shift);
		const int32_t value = scaled < lowest    ? lowest
				      : scaled > highest ? highest
							 : scaled;

		out[i] = (int8_t)(value + tables.zero_point);
	}
	return count;
}
