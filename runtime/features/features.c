/* SPDX-License-Identifier: Apache-2.0
 *
 * Drives a pipeline: runs of frames through the head of the chain, block by block through the
 * others into the collector. Knows no particular stage.
 */
#include <string.h>

#include "mlforge/features.h"
#include "mlforge/pipeline.h"
#include "features/samples.h"
#include "features/window.h"

#define CONVERTED_VALUES 32 /* on the stack; frames that are longer have a place of their own */

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

enum mlforge_samples mlforge_features_samples(const struct mlforge_pipeline *pipeline)
{
	return pipeline->samples;
}

/* Frames until the head of the chain has made one more block; or, where the head is all of it, as
 * many blocks as there is room for in the ring. */
static uint32_t mlforge_features_wanted(const struct mlforge_pipeline *pipeline)
{
	uint32_t blocks = pipeline->head == pipeline->stages_count
				  ? mlforge_window_room(&pipeline->collector)
				  : 1;

	for (uint32_t i = pipeline->head; i > 0; i--) {
		const struct mlforge_stage *stage = &pipeline->stages[i - 1];

		if (stage->wants) {
			blocks = stage->wants(stage, blocks);
		}
	}
	return blocks;
}

/* At most as many frames as are wanted through all stages; true when a model input is complete. */
static bool mlforge_features_run(const struct mlforge_pipeline *pipeline, const void *frames,
				 uint32_t count)
{
	void *slot = mlforge_window_slot(&pipeline->collector);
	const struct mlforge_stage *stage = pipeline->stages;
	const struct mlforge_stage *end = stage + pipeline->stages_count;
	const void *block = frames;

	if (stage == end) {
		memcpy(slot, frames, pipeline->collector.block_bytes);
	}
	for (; stage != end; stage++) {
		void *output = stage + 1 == end ? slot : stage->output;

		count = stage->process(stage, block, count, output);
		if (count == 0) {
			return false;
		}
		block = output;
	}
	return mlforge_window_push(&pipeline->collector, count);
}

/* Frames of the other type, through a place for a few of them. Returns how many. */
static uint32_t mlforge_features_convert_and_run(const struct mlforge_pipeline *pipeline,
						 const void *frames, enum mlforge_samples samples,
						 uint32_t count, bool *complete)
{
	int32_t few[CONVERTED_VALUES];
	void *place = pipeline->converted ? pipeline->converted : few;
	const uint32_t room = pipeline->converted ? 1 : CONVERTED_VALUES / pipeline->frame_length;

	count = count < room ? count : room;
	mlforge_convert_samples(frames, samples, count * pipeline->frame_length, place);
	*complete = mlforge_features_run(pipeline, place, count);
	return count;
}

uint32_t mlforge_features_push_block(const struct mlforge_pipeline *pipeline, const void *frames,
				     enum mlforge_samples samples, uint32_t count, bool *complete)
{
	const uint32_t frame_bytes = pipeline->frame_length * mlforge_sample_bytes(samples);
	const uint32_t most = pipeline->head > 0 ? pipeline->batch : 1;
	const uint8_t *from = frames;
	uint32_t taken = 0;

	*complete = false;
	if (samples != pipeline->samples && pipeline->converted == NULL &&
	    pipeline->frame_length > CONVERTED_VALUES) {
		return 0;
	}
	while (taken < count && !*complete) {
		const uint32_t limit = most < count - taken ? most : count - taken;
		const uint32_t until = mlforge_features_wanted(pipeline);
		uint32_t now = limit < until ? limit : until;

		if (samples == pipeline->samples) {
			*complete = mlforge_features_run(pipeline, from, now);
		} else {
			now = mlforge_features_convert_and_run(pipeline, from, samples, now,
							       complete);
		}
		from += now * frame_bytes;
		taken += now;
	}
	return taken;
}

bool mlforge_features_push(const struct mlforge_pipeline *pipeline, const int32_t *frame)
{
	bool complete;

	if (pipeline->samples == MLFORGE_SAMPLES_INT32) {
		return mlforge_features_run(pipeline, frame, 1);
	}
	(void)mlforge_features_convert_and_run(pipeline, frame, MLFORGE_SAMPLES_INT32, 1,
					       &complete);
	return complete;
}

void mlforge_features_read(const struct mlforge_pipeline *pipeline, int8_t *input)
{
	mlforge_window_read(&pipeline->collector, input);
}
