/* SPDX-License-Identifier: Apache-2.0
 *
 * Standardise: zero mean and unit deviation for each channel. Point-wise; no state.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"

uint32_t mlforge_standardise_process(const struct mlforge_stage *stage, const void *input,
				     uint32_t count, void *output)
{
	const struct mlforge_standardise *tables = stage->tables;
	const uint32_t length = stage->input_length;
	const int32_t *in = input;
	int32_t *out = output;

	for (uint32_t block = 0; block < count; block++, in += length, out += length) {
		for (uint32_t i = 0; i < length; i++) {
			const int32_t centred = mlforge_subtract_i32(in[i], tables->mean[i]);

			out[i] =
				mlforge_scale_i32(centred, tables->multiplier[i], tables->shift[i]);
		}
	}
	return count;
}
