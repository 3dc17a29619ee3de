/* SPDX-License-Identifier: Apache-2.0
 *
 * mlforge_push_block in pieces of any size, of either type, against mlforge_push frame by frame.
 */
#include <mlforge/instance.h>
#include <mlforge/pipeline.h>
#include <string.h>
#include <zephyr/ztest.h>

#define CHANNELS 3
#define FRAMES   64
#define WINDOW   7
#define HOP      3

static int16_t signal[FRAMES][CHANNELS];
static int32_t wide[FRAMES][CHANNELS];

static const struct mlforge_quantise quantise = {.multiplier = 1 << 30, .shift = 38};
static const struct mlforge_stage stages[] = {{
	.process = mlforge_quantise_process,
	.tables = &quantise,
	.input_length = CHANNELS,
	.output_length = CHANNELS,
}};
static uint8_t ring[WINDOW * CHANNELS];
static struct mlforge_collector_state state;
static const struct mlforge_pipeline pipeline = {
	.stages = stages,
	.stages_count = 1,
	.frame_length = CHANNELS,
	.collector = {.ring = ring,
		      .state = &state,
		      .length = WINDOW,
		      .hop = HOP,
		      .block_bytes = CHANNELS},
};

static uint8_t __aligned(MLFORGE_ARENA_ALIGN) arena[32];
static uint32_t inferences;
static uint8_t seen[FRAMES][WINDOW * CHANNELS]; /* the inputs of all inferences */

static void invoke(uint8_t *memory)
{
	memcpy(seen[inferences++], memory, WINDOW * CHANNELS);
}

static const struct mlforge_tensor input = {.bytes = WINDOW * CHANNELS};
static const struct mlforge_tensor output = {.offset = 24, .bytes = 1};
static const struct mlforge_model model = {
	.arena_bytes = sizeof(arena),
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = &input,
	.outputs = &output,
	.invoke = invoke,
};
static const struct mlforge_instance instance = {
	.model = &model, .arena = arena, .features = &pipeline, .frame_frac_bits = 15};

static uint8_t framewise[FRAMES][WINDOW * CHANNELS];
static uint32_t framewise_inferences;

static void *setup(void)
{
	for (uint32_t i = 0; i < FRAMES * CHANNELS; i++) {
		(&signal[0][0])[i] = (int16_t)((i * 2654435761U) >> 16);
		(&wide[0][0])[i] = (&signal[0][0])[i];
	}
	mlforge_reset(&instance);
	for (uint32_t i = 0; i < FRAMES; i++) {
		(void)mlforge_push(&instance, wide[i]);
	}
	framewise_inferences = inferences;
	memcpy(framewise, seen, sizeof(seen));
	zassert_equal(framewise_inferences, (FRAMES - WINDOW) / HOP + 1);
	return NULL;
}

static void push_in_pieces(const void *frames, size_t frame_bytes, enum mlforge_samples type,
			   uint32_t piece)
{
	uint32_t counted = 0;
	uint32_t at = 0;

	inferences = 0;
	mlforge_reset(&instance);
	while (at < FRAMES) {
		bool inferred;
		const uint8_t *from = (const uint8_t *)frames + at * frame_bytes;

		at += mlforge_push_block(&instance, from, type, MIN(piece, FRAMES - at), &inferred);
		counted += inferred;
	}
	zassert_equal(counted, framewise_inferences);
	zassert_mem_equal(seen, framewise, framewise_inferences * sizeof(seen[0]));
}

ZTEST(pieces, test_blocks_are_frames_at_once)
{
	for (uint32_t piece = 1; piece <= FRAMES; piece++) {
		push_in_pieces(signal, sizeof(signal[0]), MLFORGE_SAMPLES_INT16, piece);
		push_in_pieces(wide, sizeof(wide[0]), MLFORGE_SAMPLES_INT32, piece);
	}
}

ZTEST_SUITE(pieces, NULL, setup, NULL, NULL, NULL);
