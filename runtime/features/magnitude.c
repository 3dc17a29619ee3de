/* SPDX-License-Identifier: Apache-2.0
 *
 * Magnitude: the Euclidean norm of groups of channels, so that it does not matter how a sensor is
 * turned.
 */
#include "mlforge/pipeline.h"
#include "signal/root64.h"
#include "features/signal.h"

uint32_t mlforge_magnitude_process(const struct mlforge_stage *stage, const void *input,
				   uint32_t count, void *output)
{
	const struct mlforge_magnitude *tables = stage->tables;
	int32_t *out = output;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t frame = i * tables->channels;
		const uint16_t *member = tables->members;

		for (uint32_t channel = 0; tables->keep && channel < tables->channels; channel++) {
			*out++ = mlforge_shifted(
				mlforge_sample(input, tables->samples, frame + channel),
				tables->shift);
		}
		for (uint32_t group = 0; group < tables->groups; group++) {
			uint64_t sum = 0;

			for (uint32_t left = tables->sizes[group]; left > 0; left--, member++) {
				const int64_t value = mlforge_shifted(
					mlforge_sample(input, tables->samples, frame + *member),
					tables->shift);

				sum += (uint64_t)(value * value);
			}
			*out++ = (int32_t)mlforge_root_u64(sum);
		}
	}
	return count;
}
