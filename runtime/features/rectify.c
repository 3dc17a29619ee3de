/* SPDX-License-Identifier: Apache-2.0
 *
 * Magnitudes of samples: the first half of an envelope.
 */
#include "mlforge/pipeline.h"
#include "features/signal.h"

uint32_t mlforge_rectify_process(const struct mlforge_stage *stage, const void *input,
				 uint32_t count, void *output)
{
	const struct mlforge_rectify *tables = stage->tables;
	int32_t *out = output;

	for (uint32_t i = 0; i < count * tables->channels; i++) {
		const int64_t value = mlforge_sample(input, tables->samples, i);

		out[i] = (int32_t)((value < 0 ? -value : value) >> tables->shift);
	}
	return count;
}
