/* SPDX-License-Identifier: Apache-2.0
 * A feature pipeline by hand for `tiny`: frames of two values, halved and one added, two frames to
 * a model input.
 */
#include "windowed_pipeline.h"

#include "mlforge/pipeline.h"

static const struct mlforge_quantise windowed_pipeline_tables = {
	.multiplier = 1 << 30, .zero_point = 1, .shift = 31};
static int8_t windowed_pipeline_block[2];
static uint8_t windowed_pipeline_ring[4];
static struct mlforge_collector_state windowed_pipeline_state;

static const struct mlforge_stage windowed_pipeline_stages[1] = {
	{
		.process = mlforge_quantise_process,
		.tables = &windowed_pipeline_tables,
		.output = windowed_pipeline_block,
		.input_length = 2,
		.output_length = 2,
	},
};

const struct mlforge_pipeline windowed_pipeline = {
	.stages = windowed_pipeline_stages,
	.stages_count = 1,
	.frame_length = 2,
	.collector =
		{
			.ring = windowed_pipeline_ring,
			.state = &windowed_pipeline_state,
			.length = 2,
			.hop = 1,
			.block_bytes = 2,
		},
};
