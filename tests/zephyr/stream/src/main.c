/* SPDX-License-Identifier: Apache-2.0
 *
 * 16,000 samples a second (or 48,000) through a microphone's driver into a service: none is lost
 * while inferences run, and when one takes too long, each is accounted for.
 */
#include <string.h>
#include <zephyr/ztest.h>

#include "listening.h"
#include "microphone.h"
#include "voice.h"

static uint32_t windows;
static uint32_t wrong;
static uint32_t worst_us;

/* The sum over a window of the signal that begins at `from`. */
static uint32_t expected(uint32_t from)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < VOICE_WINDOW; i++) {
		sum = voice_add(sum, voice_quantised(voice_sample(from + i)));
	}
	return sum;
}

static void on_result(const struct mlforge_result *result, void *user_data)
{
	uint32_t sum;

	ARG_UNUSED(user_data);
	memcpy(&sum, result->output, sizeof(sum));
	wrong += sum != expected(windows * VOICE_HOP);
	worst_us = MAX(worst_us, result->latency_us);
	windows++;
}

static struct mlforge_listener listener = MLFORGE_LISTENER_INIT(on_result, NULL);

static void before(void *fixture)
{
	ARG_UNUSED(fixture);
	voice_busy_ms = 0;
	k_msleep(2000); /* an inference of the test before */
	mlforge_service_restart(&voice_service);
	mlforge_service_reset_stats(&voice_service);
	windows = 0;
	wrong = 0;
	worst_us = 0;
	(void)mlforge_service_listen(&voice_service, &listener);
}

static struct mlforge_stats stats_when_done(void)
{
	struct mlforge_stats stats;

	k_msleep(1500);
	mlforge_service_stats(&voice_service, &stats);
	zassert_equal(stats.submitted, stats.processed + stats.refused + stats.queued);
	zassert_equal(stats.queued, 0);
	zassert_equal(k_mem_slab_num_used_get(&listening_slab), 0, "each block is given back");
	return stats;
}

ZTEST(stream, test_nothing_is_lost_while_inferences_run)
{
	voice_busy_ms = 300;
	listen_for_ms(3020);
	const struct mlforge_stats stats = stats_when_done();

	zassert_within(stats.submitted, 3 * VOICE_RATE_HZ, 2 * MICROPHONE_BLOCK_SAMPLES);
	zassert_equal(stats.refused, 0, "%u frames", stats.refused);
	zassert_equal(atomic_get(&microphone_overruns), 0);
	zassert_equal(windows, 5);
	zassert_equal(wrong, 0);
	zassert_true(worst_us < 450000, "%u us", worst_us);
	TC_PRINT("most queued %u of %u frames, worst latency %u us\n", stats.most_queued,
		 stats.queue_length, worst_us);
}

ZTEST(stream, test_a_service_that_is_too_slow_refuses_and_says_so)
{
	voice_busy_ms = 900;
	listen_for_ms(3020);
	const struct mlforge_stats stats = stats_when_done();

	zassert_true(stats.refused > 0);
	zassert_equal(stats.refused % MICROPHONE_BLOCK_SAMPLES, 0);
	zassert_true(windows >= 2);
	zassert_equal(stats.most_queued <= stats.queue_length + MICROPHONE_BLOCK_SAMPLES, true);
}

ZTEST(stream, test_a_restart_forgets_what_was_read)
{
	listen_for_ms(910);
	k_msleep(100); /* blocks in the queue would stay */
	mlforge_service_restart(&voice_service);
	listen_for_ms(1020);
	const struct mlforge_stats stats = stats_when_done();

	zassert_equal(stats.refused, 0);
	zassert_equal(windows, 1, "%u", windows);
	zassert_equal(wrong, 0);
}

ZTEST_SUITE(stream, NULL, NULL, before, NULL, NULL);
