/* SPDX-License-Identifier: Apache-2.0
 *
 * Features by hand: frames of four values, four steps to one, two frames to a window and a window
 * for each frame.
 */
#include "motion_pipeline.h"

#include "mlforge/pipeline.h"

static const struct mlforge_quantise tables = {.multiplier = 1 << 30, .shift = 44}; /* 4 / 2^16 */
static MLFORGE_STATE uint8_t ring[8];
static MLFORGE_STATE struct mlforge_collector_state state;

static const struct mlforge_stage stages[1] = {
	{.process = mlforge_quantise_process,
	 .tables = &tables,
	 .input_length = 4,
	 .output_length = 4},
};

const struct mlforge_pipeline motion_pipeline = {
	.stages = stages,
	.stages_count = 1,
	.frame_length = 4,
	.collector = {.ring = ring, .state = &state, .length = 2, .hop = 1, .block_bytes = 4},
};
