/* SPDX-License-Identifier: Apache-2.0
 *
 * The mean of the newest samples, by a running sum: exact, so that nothing adds up over time.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"
#include "features/signal.h"

static void mlforge_moving_mean_settle(const struct mlforge_moving_mean *tables, const void *input,
				       int64_t *sums, int32_t *ring)
{
	for (uint32_t i = 0; i < tables->length * tables->channels; i++) {
		ring[i] = mlforge_sample(input, tables->samples, i % tables->channels);
	}
	for (uint32_t channel = 0; channel < tables->channels; channel++) {
		sums[channel] = (int64_t)ring[channel] * tables->length;
	}
}

uint32_t mlforge_moving_mean_process(const struct mlforge_stage *stage, const void *input,
				     uint32_t count, void *output)
{
	const struct mlforge_moving_mean *tables = stage->tables;
	const uint32_t channels = tables->channels;
	uint32_t *state = stage->state;
	int64_t *sums = (int64_t *)stage->state + 1;
	int32_t *ring = (int32_t *)&sums[channels];
	int32_t *out = output;

	if (state[0] == 0) {
		mlforge_moving_mean_settle(tables, input, sums, ring);
		state[0] = 1;
		state[1] = 0;
	}
	for (uint32_t i = 0; i < count; i++) {
		int32_t *oldest = &ring[state[1] * channels];

		for (uint32_t channel = 0; channel < channels; channel++) {
			const uint32_t at = i * channels + channel;
			const int32_t value = mlforge_sample(input, tables->samples, at);

			sums[channel] += (int64_t)value - oldest[channel];
			oldest[channel] = value;
			out[at] = mlforge_scale_i32((int32_t)(sums[channel] >> tables->before),
						    tables->multiplier, tables->shift);
		}
		state[1] = state[1] + 1U == tables->length ? 0 : state[1] + 1U;
	}
	return count;
}
