/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames that are missing: what data.signal.gaps says, whether they come one by one or in blocks.
 */
#include <mlforge/pipeline.h>
#include <mlforge/service.h>
#include <string.h>
#include <zephyr/ztest.h>

#define WINDOW 8
#define HOP    4
#define FRAMES 20 /* in front of the gap, and behind it */
#define MOST   16
#define QUEUE  8
#define SETTLE K_MSEC(50)

static const struct mlforge_quantise quantise = {.multiplier = 1 << 30, .shift = 38}; /* x / 256 */
static const struct mlforge_stage stages[] = {{
	.process = mlforge_quantise_process,
	.tables = &quantise,
	.input_length = 1,
	.output_length = 1,
}};
static const struct mlforge_tensor input = {.bytes = WINDOW};
static const struct mlforge_tensor output = {.offset = WINDOW, .bytes = 1};

static uint32_t forgotten;

/* The first frame of the window. */
static void invoke(uint8_t *memory)
{
	memory[WINDOW] = memory[0];
}

static void reset(uint8_t *memory)
{
	ARG_UNUSED(memory);
	forgotten++;
}

#define RECEIVER(name, policy)                                                                     \
	static uint8_t name##_ring[WINDOW];                                                        \
	static struct mlforge_collector_state name##_state;                                        \
	static const struct mlforge_pipeline name##_pipeline = {                                   \
		.stages = stages,                                                                  \
		.stages_count = 1,                                                                 \
		.frame_length = 1,                                                                 \
		.collector = {.ring = name##_ring,                                                 \
			      .state = &name##_state,                                              \
			      .length = WINDOW,                                                    \
			      .hop = HOP,                                                          \
			      .block_bytes = 1},                                                   \
	};                                                                                         \
	static uint8_t __aligned(MLFORGE_ARENA_ALIGN) name##_arena[16];                            \
	static const struct mlforge_model name##_model = {                                         \
		.arena_bytes = sizeof(name##_arena),                                               \
		.inputs_count = 1,                                                                 \
		.outputs_count = 1,                                                                \
		.inputs = &input,                                                                  \
		.outputs = &output,                                                                \
		.invoke = invoke,                                                                  \
		.state_bytes = 1,                                                                  \
		.reset = reset,                                                                    \
	};                                                                                         \
	static const struct mlforge_instance name##_instance = {                                   \
		.model = &name##_model,                                                            \
		.arena = name##_arena,                                                             \
		.features = &name##_pipeline,                                                      \
		.window_frames = WINDOW,                                                           \
		.hop_frames = HOP,                                                                 \
		.gaps = policy,                                                                    \
	};                                                                                         \
	MLFORGE_SERVICE_DEFINE(name##_service, &name##_instance, sizeof(int32_t), QUEUE, NULL)

RECEIVER(kept, MLFORGE_GAPS_KEEP);
RECEIVER(flagged, MLFORGE_GAPS_FLAG);
RECEIVER(restarted, MLFORGE_GAPS_RESTART);

static uint32_t results;
static int8_t firsts[MOST];
static bool marks[MOST];
static int32_t frames[2 * FRAMES];

static void on_result(const struct mlforge_result *result, void *user_data)
{
	ARG_UNUSED(user_data);
	zassert_true(results < MOST);
	firsts[results] = result->output[0];
	marks[results] = result->gap;
	results++;
}

static struct mlforge_listener listener = MLFORGE_LISTENER_INIT(on_result, NULL);

static void begin(const struct mlforge_service *service)
{
	for (int32_t i = 0; i < 2 * FRAMES; i++) {
		frames[i] = i * 256;
	}
	k_sleep(SETTLE);
	mlforge_service_restart(service);
	mlforge_service_reset_stats(service);
	(void)mlforge_service_listen(service, &listener);
	results = 0;
	forgotten = 0;
}

static struct mlforge_stats end(const struct mlforge_service *service)
{
	struct mlforge_stats stats;

	k_sleep(SETTLE);
	(void)mlforge_service_unlisten(service, &listener);
	mlforge_service_stats(service, &stats);
	return stats;
}

static void one_by_one(const struct mlforge_service *service)
{
	for (int32_t i = 0; i < 2 * FRAMES; i++) {
		if (i == FRAMES) {
			mlforge_service_gap(service);
		}
		zassert_ok(mlforge_service_submit(service, &frames[i], K_FOREVER));
	}
}

static void in_blocks(const struct mlforge_service *service)
{
	for (int32_t i = 0; i < 2; i++) {
		const struct mlforge_block block = MLFORGE_BLOCK_INIT(
			&frames[i * FRAMES], FRAMES, MLFORGE_SAMPLES_INT32, NULL, NULL);

		zassert_ok(mlforge_service_submit_block(service, &block, K_FOREVER));
		if (i == 0) {
			mlforge_service_gap(service);
		}
	}
}

typedef void (*feeder)(const struct mlforge_service *service);

static const feeder feeders[] = {one_by_one, in_blocks};

ZTEST(gaps, test_kept_together)
{
	for (size_t i = 0; i < ARRAY_SIZE(feeders); i++) {
		begin(&kept_service);
		feeders[i](&kept_service);
		zassert_equal(end(&kept_service).gaps, 1);
		zassert_equal(results, 9);
		for (uint32_t j = 0; j < results; j++) {
			zassert_equal(firsts[j], j * HOP);
			zassert_false(marks[j]);
		}
		zassert_equal(forgotten, 0);
	}
}

/* The window from frame 16 on has four of either side, and that from 20 on begins behind it. */
ZTEST(gaps, test_flagged_while_a_gap_is_in_the_window)
{
	for (size_t i = 0; i < ARRAY_SIZE(feeders); i++) {
		begin(&flagged_service);
		feeders[i](&flagged_service);
		zassert_equal(end(&flagged_service).gaps, 1);
		zassert_equal(results, 9);
		for (uint32_t j = 0; j < results; j++) {
			zassert_equal(firsts[j], j * HOP);
			zassert_equal(marks[j], j * HOP == 16, "%u", j);
		}
	}
}

ZTEST(gaps, test_restarted_behind_a_gap)
{
	static const int8_t expected[] = {0, 4, 8, 12, 20, 24, 28, 32};

	for (size_t i = 0; i < ARRAY_SIZE(feeders); i++) {
		begin(&restarted_service);
		feeders[i](&restarted_service);
		zassert_equal(end(&restarted_service).gaps, 1);
		zassert_equal(results, ARRAY_SIZE(expected), "%u", results);
		zassert_mem_equal(firsts, expected, sizeof(expected));
		zassert_equal(forgotten, 1);
	}
}

/* Refused frames are a gap, however many there are. */
ZTEST(gaps, test_a_refused_frame_is_a_gap)
{
	begin(&restarted_service);
	k_sched_lock();
	for (int32_t i = 0; i < QUEUE + 3; i++) {
		(void)mlforge_service_submit(&restarted_service, &frames[i], K_NO_WAIT);
	}
	k_sched_unlock();
	k_sleep(SETTLE);
	for (int32_t i = FRAMES; i < FRAMES + WINDOW; i++) {
		zassert_ok(mlforge_service_submit(&restarted_service, &frames[i], K_FOREVER));
	}
	const struct mlforge_stats stats = end(&restarted_service);

	zassert_equal(stats.refused, 3);
	zassert_equal(stats.gaps, 1);
	zassert_equal(results, 2);
	zassert_equal(firsts[0], 0);
	zassert_equal(firsts[1], FRAMES);
}

ZTEST_SUITE(gaps, NULL, NULL, NULL, NULL, NULL);
