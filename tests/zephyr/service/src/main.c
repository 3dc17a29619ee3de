/* SPDX-License-Identifier: Apache-2.0
 *
 * The service under load: nothing is lost silently, results are right and in order, urgent callers
 * are not kept waiting.
 */
#include <errno.h>
#include <zephyr/ztest.h>

#include "fake.h"

#define SETTLE K_MSEC(100)

static uint32_t results;
static int32_t sums;
static bool any_late;
static uint32_t next_number;

static void on_result(const struct mlforge_result *result, void *user_data)
{
	zassert_equal(result->output[0], -result->output[1]);
	zassert_equal(result->number, next_number);
	zassert_equal(user_data, &results);
	next_number++;
	results++;
	sums += result->output[0];
	any_late |= result->late;
}

static struct mlforge_listener listener = {.result = on_result, .user_data = &results};

static struct mlforge_stats stats_now(void)
{
	struct mlforge_stats stats;

	mlforge_service_stats(&fake_service, &stats);
	return stats;
}

static void before(void *fixture)
{
	ARG_UNUSED(fixture);
	fake_busy_us = 0;
	fake_during = NULL;
	k_sleep(SETTLE);
	mlforge_service_listen(&fake_service, &listener);
	mlforge_service_reset_stats(&fake_service);
	results = 0;
	sums = 0;
	next_number = 0;
	any_late = false;
}

ZTEST(service, test_results_are_right_and_in_order)
{
	for (int8_t i = 0; i < 20; i++) {
		const int8_t input[4] = {i, 1, 2, 3};

		zassert_ok(mlforge_service_submit(&fake_service, input, K_FOREVER));
	}
	k_sleep(SETTLE);
	zassert_equal(results, 20);
	zassert_equal(sums, 190 + 20 * 6);
	zassert_equal(stats_now().inferences, 20);
	zassert_equal(stats_now().late, 0);
	zassert_false(any_late);
}

ZTEST(service, test_a_missed_deadline_is_marked_and_counted)
{
	const int8_t input[4] = {1, 2, 3, 4};

	fake_busy_us = FAKE_DEADLINE_US + 500;
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	k_sleep(SETTLE);
	fake_busy_us = 0;
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	k_sleep(SETTLE);
	zassert_true(any_late);
	zassert_equal(stats_now().inferences, 2);
	zassert_equal(stats_now().late, 1);
	zassert_true(stats_now().worst_latency_us >= FAKE_DEADLINE_US + 500);
	zassert_true(stats_now().worst_inference_us >= FAKE_DEADLINE_US + 500);
}

ZTEST(service, test_waiting_in_the_queue_counts_towards_the_deadline)
{
	const int8_t input[4] = {0};

	fake_busy_us = FAKE_DEADLINE_US * 2 / 3;
	for (int i = 0; i < 3; i++) {
		zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	}
	k_sleep(SETTLE);
	const struct mlforge_stats stats = stats_now();

	/* Each was fast enough, but two waited; the last for longer than it had. */
	zassert_equal(stats.skipped, IS_ENABLED(CONFIG_MLFORGE_SERVICE_SKIP_EXPIRED));
	zassert_equal(stats.inferences + stats.skipped, 3);
	zassert_equal(stats.late + stats.skipped, 2, "%u late", stats.late);
	zassert_equal(stats.processed, 3);
}

ZTEST(service, test_frames_for_a_full_queue_are_refused_and_counted)
{
	const int8_t input[4] = {1, 0, 0, 0};
	int refused = 0;

	k_sched_lock();
	for (int i = 0; i < FAKE_QUEUE_LENGTH + 3; i++) {
		refused += mlforge_service_submit(&fake_service, input, K_NO_WAIT) == -ENOBUFS;
	}
	k_sched_unlock();
	k_sleep(SETTLE);
	zassert_equal(refused, 3);
	const struct mlforge_stats stats = stats_now();

	zassert_equal(stats.refused, 3);
	zassert_equal(stats.inferences + stats.skipped, FAKE_QUEUE_LENGTH);
	zassert_equal(stats.submitted, FAKE_QUEUE_LENGTH + 3);
	zassert_equal(stats.most_queued, FAKE_QUEUE_LENGTH);
	zassert_equal(stats.queue_length, FAKE_QUEUE_LENGTH);
	zassert_equal(stats.queued, 0);
}

static atomic_t submitted;

static void from_interrupt(struct k_timer *timer)
{
	static const int8_t input[4] = {1, 1, 1, 1};

	ARG_UNUSED(timer);
	(void)atomic_inc(&submitted);
	(void)mlforge_service_submit(&fake_service, input, K_NO_WAIT);
}

static K_TIMER_DEFINE(sensor, from_interrupt, NULL);

ZTEST(service, test_overload_from_interrupts_loses_nothing_silently)
{
	fake_busy_us = 25000;
	atomic_clear(&submitted);
	k_timer_start(&sensor, K_MSEC(10), K_MSEC(10));
	for (int i = 0; i < 50; i++) { /* a second producer, beside the interrupt */
		static const int8_t input[4] = {2, 0, 0, 0};

		(void)atomic_inc(&submitted);
		(void)mlforge_service_submit(&fake_service, input, K_NO_WAIT);
		k_sleep(K_MSEC(10));
	}
	k_timer_stop(&sensor);
	k_sleep(K_MSEC(400));
	const struct mlforge_stats stats = stats_now();

	zassert_true(stats.refused > 0);
	zassert_true(stats.late > 0);
	zassert_equal(stats.submitted, (uint32_t)atomic_get(&submitted));
	zassert_equal(stats.processed + stats.refused + stats.queued, stats.submitted);
	zassert_equal(stats.inferences + stats.skipped, stats.processed);
	zassert_equal(results, stats.inferences);
}

static struct k_sem in_inference;

static int priority_after_a_while;

static void wait_a_while(void)
{
	k_sem_give(&in_inference);
	k_sleep(K_MSEC(20));
	priority_after_a_while = k_thread_priority_get(k_current_get());
}

ZTEST(service, test_an_inference_in_the_callers_thread_takes_its_turn)
{
	const int8_t input[4] = {10, 20, 30, 4};
	int8_t output[2];

	zassert_ok(mlforge_service_infer(&fake_service, input, output, K_NO_WAIT));
	zassert_equal(output[0], 64);
	zassert_equal(output[1], -64);

	k_sem_init(&in_inference, 0, 1);
	fake_during = wait_a_while;
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	zassert_ok(k_sem_take(&in_inference, K_SECONDS(1)));
	fake_during = NULL;
	zassert_equal(mlforge_service_infer(&fake_service, input, output, K_NO_WAIT), -EBUSY);
	zassert_ok(mlforge_service_infer(&fake_service, input, output, K_SECONDS(1)));
	zassert_equal(output[0], 64);
}

ZTEST(service, test_the_holder_of_the_lock_inherits_priority)
{
	const int8_t input[4] = {0};
	int8_t output[2];
	const k_tid_t thread = *fake_service.thread;

	zassert_equal(k_thread_priority_get(thread), CONFIG_MLFORGE_SERVICE_PRIORITY);
	k_sem_init(&in_inference, 0, 1);
	fake_during = wait_a_while;
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	zassert_ok(k_sem_take(&in_inference, K_SECONDS(1)));
	fake_during = NULL;
	k_thread_priority_set(k_current_get(), 1);
	zassert_ok(mlforge_service_infer(&fake_service, input, output, K_SECONDS(1)));
	zassert_equal(priority_after_a_while, 1, "the service ran at %d while this thread waited",
		      priority_after_a_while);
	zassert_equal(k_thread_priority_get(thread), CONFIG_MLFORGE_SERVICE_PRIORITY);
	k_thread_priority_set(k_current_get(), CONFIG_ZTEST_THREAD_PRIORITY);
}

#define HOG_US 50000

static K_THREAD_STACK_DEFINE(hog_stack, 1024);
static struct k_thread hog_thread;
static bool hogged;

static void hog(void *first, void *second, void *third)
{
	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	k_busy_wait(HOG_US);
	hogged = true;
}

static void tell_and_compute(void)
{
	fake_during = NULL;
	k_sem_give(&in_inference);
	k_busy_wait(2000);
}

/* Priority inversion, provoked: the service has the model, an urgent thread wants it, and one in
 * between has much to compute. */
ZTEST(service, test_no_thread_in_between_holds_an_urgent_caller_up)
{
	const int8_t input[4] = {0};
	int8_t output[2];

	k_thread_priority_set(k_current_get(), 1);
	hogged = false;
	k_sem_init(&in_inference, 0, 1);
	fake_during = tell_and_compute;
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	zassert_ok(k_sem_take(&in_inference, K_SECONDS(1)));
	(void)k_thread_create(&hog_thread, hog_stack, K_THREAD_STACK_SIZEOF(hog_stack), hog, NULL,
			      NULL, NULL, 5, 0, K_NO_WAIT);
	const uint32_t began = k_cycle_get_32();

	zassert_ok(mlforge_service_infer(&fake_service, input, output, K_SECONDS(1)));
	const uint32_t waited_us = k_cyc_to_us_floor32(k_cycle_get_32() - began);

	zassert_false(hogged, "the thread in between ran first");
	zassert_true(waited_us < HOG_US / 2, "waited for %u us", waited_us);
	zassert_ok(k_thread_join(&hog_thread, K_SECONDS(1)));
	zassert_true(hogged);
	k_thread_priority_set(k_current_get(), CONFIG_ZTEST_THREAD_PRIORITY);
}

ZTEST(service, test_zbus_carries_results)
{
	const int8_t input[4] = {7, 0, 0, 0};
	struct mlforge_message message;

	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	k_sleep(SETTLE);
	zassert_ok(zbus_chan_read(&fake_channel, &message, K_NO_WAIT));
	zassert_equal(message.best, 0);
	zassert_equal(message.score, 7);
	zassert_false(message.late);
}

ZTEST(service, test_stack_and_arena_are_told)
{
	const struct mlforge_stats stats = stats_now();

	zassert_equal(stats.arena_bytes, 16);
	zassert_equal(stats.deadline_us, FAKE_DEADLINE_US);
	zassert_equal(stats.stack_bytes, CONFIG_MLFORGE_SERVICE_STACK_SIZE);
	if (IS_ENABLED(CONFIG_ARCH_POSIX)) {
		ztest_test_skip(); /* its threads run on stacks of the host */
	}
	zassert_between_inclusive(stats.stack_unused_bytes, 64, stats.stack_bytes - 64);
}

ZTEST_SUITE(service, NULL, NULL, before, NULL, NULL);
