/* SPDX-License-Identifier: Apache-2.0
 *
 * Difference to a sample some time ago.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"
#include "features/signal.h"

uint32_t mlforge_difference_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output)
{
	const struct mlforge_difference *tables = stage->tables;
	const uint32_t channels = tables->channels;
	uint32_t *state = stage->state;
	int32_t *ring = (int32_t *)&state[2];
	int32_t *out = output;

	if (state[0] == 0) {
		for (uint32_t i = 0; i < tables->over * channels; i++) {
			ring[i] = mlforge_sample(input, tables->samples, i % channels);
		}
		state[0] = 1;
		state[1] = 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		int32_t *oldest = &ring[state[1] * channels];

		for (uint32_t channel = 0; channel < channels; channel++) {
			const uint32_t at = i * channels + channel;
			const int32_t value = mlforge_sample(input, tables->samples, at);

			const int32_t change =
				(int32_t)(((int64_t)value - oldest[channel]) >> tables->shift);

			out[at] = tables->multiplier == 0
					  ? change
					  : mlforge_scale_i32(change, tables->multiplier, 31);
			oldest[channel] = value;
		}
		state[1] = state[1] + 1U == tables->over ? 0 : state[1] + 1U;
	}
	return count;
}
