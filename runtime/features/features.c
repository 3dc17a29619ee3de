/* SPDX-License-Identifier: Apache-2.0
 *
 * Drives a pipeline: frame by frame through the stages into the collector. Knows no particular
 * stage.
 */
#include <string.h>

#include "mlforge/features.h"
#include "mlforge/pipeline.h"
#include "window.h"

uint32_t mlforge_features_frame_length(const struct mlforge_pipeline *pipeline)
{
	return pipeline->frame_length;
}

uint32_t mlforge_features_output_bytes(const struct mlforge_pipeline *pipeline)
{
	return pipeline->collector.length * pipeline->collector.block_bytes;
}

void mlforge_features_reset(const struct mlforge_pipeline *pipeline)
{
	for (uint32_t i = 0; i < pipeline->stages_count; i++) {
		if (pipeline->stages[i].reset) {
			pipeline->stages[i].reset(&pipeline->stages[i]);
		}
	}
	mlforge_window_reset(&pipeline->collector);
}

bool mlforge_features_push(const struct mlforge_pipeline *pipeline, const int32_t *frame)
{
	void *slot = mlforge_window_slot(&pipeline->collector);
	const struct mlforge_stage *stage = pipeline->stages;
	const struct mlforge_stage *end = stage + pipeline->stages_count;
	const void *block = frame;

	if (stage == end) {
		memcpy(slot, frame, pipeline->collector.block_bytes);
	}
	for (; stage != end; stage++) {
		void *output = stage + 1 == end ? slot : stage->output;

		if (!stage->process(stage, block, output)) {
			return false;
		}
		block = output;
	}
	return mlforge_window_push(&pipeline->collector);
}

void mlforge_features_read(const struct mlforge_pipeline *pipeline, int8_t *input)
{
	mlforge_window_read(&pipeline->collector, input);
}
