/* SPDX-License-Identifier: Apache-2.0 */
#include <mlforge/pipeline.h>

#include "framed.h"

#define FRAMED_LENGTH 400
#define FRAMED_WINDOW 1000 /* frames: no window in this test */

static const struct mlforge_framer framed_framer = {
	.length = FRAMED_LENGTH, .hop = 160, .bytes = sizeof(int16_t)};
static struct mlforge_framer_state framed_framer_state;
static int16_t framed_block[FRAMED_LENGTH];

/* In the place of a spectrum: nothing is made of a frame. */
static uint32_t framed_ignore(const struct mlforge_stage *stage, const void *input, uint32_t count,
			      void *output)
{
	ARG_UNUSED(stage);
	ARG_UNUSED(input);
	*(uint8_t *)output = 0;
	return count;
}

static const struct mlforge_stage framed_stages[] = {
	{
		.process = mlforge_framer_process,
		.wants = mlforge_framer_wants,
		.reset = mlforge_framer_reset,
		.tables = &framed_framer,
		.state = &framed_framer_state,
		.output = framed_block,
		.input_length = 1,
		.output_length = FRAMED_LENGTH,
	},
	{
		.process = framed_ignore,
		.input_length = FRAMED_LENGTH,
		.output_length = 1,
	},
};
static uint8_t framed_ring[FRAMED_WINDOW];
static struct mlforge_collector_state framed_state;
static const struct mlforge_pipeline framed_pipeline = {
	.stages = framed_stages,
	.stages_count = 2,
	.frame_length = 1,
	.head = 1,
	.batch = UINT32_MAX,
	.samples = MLFORGE_SAMPLES_INT16,
	.collector = {.ring = framed_ring,
		      .state = &framed_state,
		      .length = FRAMED_WINDOW,
		      .hop = FRAMED_WINDOW,
		      .block_bytes = 1},
};

static uint8_t __aligned(MLFORGE_ARENA_ALIGN) framed_arena[FRAMED_WINDOW + 1];

static void framed_invoke(uint8_t *arena)
{
	ARG_UNUSED(arena);
}

static const struct mlforge_tensor framed_input = {.bytes = FRAMED_WINDOW};
static const struct mlforge_tensor framed_output = {.offset = FRAMED_WINDOW, .bytes = 1};
static const struct mlforge_model framed_model = {
	.name = "framed",
	.arena_bytes = sizeof(framed_arena),
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = &framed_input,
	.outputs = &framed_output,
	.invoke = framed_invoke,
};
static const struct mlforge_instance framed_instance = {
	.model = &framed_model, .arena = framed_arena, .features = &framed_pipeline};

MLFORGE_SERVICE_DEFINE(framed_service, &framed_instance, sizeof(int32_t), 1, NULL);
