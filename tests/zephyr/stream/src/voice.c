/* SPDX-License-Identifier: Apache-2.0 */
#include <mlforge/pipeline.h>
#include <string.h>

#include "voice.h"

volatile uint32_t voice_busy_ms;

static const struct mlforge_quantise voice_quantise = {
	.multiplier = 1 << 30, .zero_point = 0, .shift = 38};
static const struct mlforge_stage voice_stages[] = {{
	.process = mlforge_quantise_process,
	.tables = &voice_quantise,
	.input_length = 1,
	.output_length = 1,
}};
static uint8_t voice_ring[VOICE_WINDOW];
static struct mlforge_collector_state voice_state;
static const struct mlforge_pipeline voice_pipeline = {
	.stages = voice_stages,
	.stages_count = 1,
	.frame_length = 1,
	.head = 1,
	.batch = UINT32_MAX,
	.collector = {.ring = voice_ring,
		      .state = &voice_state,
		      .length = VOICE_WINDOW,
		      .hop = VOICE_HOP,
		      .block_bytes = 1},
};

static uint8_t __aligned(MLFORGE_ARENA_ALIGN) voice_arena[VOICE_WINDOW + 4];

static void voice_invoke(uint8_t *arena)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < VOICE_WINDOW; i++) {
		sum = voice_add(sum, (int8_t)arena[i]);
	}
	k_busy_wait(voice_busy_ms * USEC_PER_MSEC);
	memcpy(&arena[VOICE_WINDOW], &sum, sizeof(sum));
}

static const struct mlforge_tensor voice_inputs[] = {{.name = "window",
						      .bytes = VOICE_WINDOW,
						      .scale = 1.0F,
						      .type = MLFORGE_INT8,
						      .rank = 2,
						      .shape = {1, VOICE_WINDOW}}};
static const struct mlforge_tensor voice_outputs[] = {{.name = "sum",
						       .offset = VOICE_WINDOW,
						       .bytes = 4,
						       .scale = 1.0F,
						       .type = MLFORGE_INT8,
						       .rank = 2,
						       .shape = {1, 4}}};
static const struct mlforge_model voice_model = {
	.name = "voice",
	.arena_bytes = sizeof(voice_arena),
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = voice_inputs,
	.outputs = voice_outputs,
	.invoke = voice_invoke,
};
static const struct mlforge_instance voice_instance = {
	.model = &voice_model,
	.arena = voice_arena,
	.features = &voice_pipeline,
	.frame_frac_bits = 15,
};

MLFORGE_SERVICE_DEFINE(voice_service, &voice_instance, sizeof(int32_t), 4, NULL);
