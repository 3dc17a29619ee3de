/* SPDX-License-Identifier: Apache-2.0
 *
 * Pre-emphasis: a first-order difference that lifts high frequencies.
 */
#include "mlforge/pipeline.h"
#include "features/signal.h"

static int16_t mlforge_pre_emphasis_narrowed(int64_t value)
{
	return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : (int16_t)value;
}

uint32_t mlforge_pre_emphasis_process(const struct mlforge_stage *stage, const void *input,
				      uint32_t count, void *output)
{
	const struct mlforge_pre_emphasis tables =
		*(const struct mlforge_pre_emphasis *)stage->tables;
	const int64_t half = (int64_t)1 << (tables.shift - 1);
	int32_t *state = stage->state;

	for (uint32_t channel = 0; channel < tables.channels; channel++) {
		int32_t before = state[0] != 0 ? state[1U + channel]
					       : mlforge_sample(input, tables.samples, channel);

		for (uint32_t i = 0; i < count; i++) {
			const uint32_t at = i * tables.channels + channel;
			const int32_t value = mlforge_sample(input, tables.samples, at);
			const int64_t made =
				((int64_t)value * 32768 - (int64_t)tables.factor * before + half) >>
				tables.shift;

			before = value;
			if (tables.narrow) {
				((int16_t *)output)[at] = mlforge_pre_emphasis_narrowed(made);
			} else {
				((int32_t *)output)[at] = (int32_t)made;
			}
		}
		state[1U + channel] = before;
	}
	state[0] = 1;
	return count;
}
