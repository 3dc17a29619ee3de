/* SPDX-License-Identifier: Apache-2.0
 *
 * Standardise: zero mean and unit deviation for each channel. Point-wise; no state.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"
#include "features/signal.h"

static inline void mlforge_standardise_blocks(const struct mlforge_standardise *tables,
					      const void *input, uint8_t samples, uint32_t length,
					      uint32_t count, int32_t *out)
{
	for (uint32_t at = 0; at < count * length; at += length) {
		for (uint32_t i = 0; i < length; i++) {
			const int32_t value = mlforge_sample(input, samples, at + i);
			const int32_t centred = mlforge_subtract_i32(value, tables->mean[i]);

			out[at + i] =
				mlforge_scale_i32(centred, tables->multiplier[i], tables->shift[i]);
		}
	}
}

uint32_t mlforge_standardise_process(const struct mlforge_stage *stage, const void *input,
				     uint32_t count, void *output)
{
	const struct mlforge_standardise *tables = stage->tables;
	const uint32_t length = stage->input_length;

	if (tables->narrow) {
		mlforge_standardise_blocks(tables, input, MLFORGE_SAMPLES_INT16, length, count,
					   output);
	} else {
		mlforge_standardise_blocks(tables, input, MLFORGE_SAMPLES_INT32, length, count,
					   output);
	}
	return count;
}
