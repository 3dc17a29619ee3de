/* SPDX-License-Identifier: Apache-2.0
 *
 * The service in the wrong hands: arguments that are none, interrupts, its own thread, before there
 * are threads.
 */
#include <errno.h>
#include <zephyr/ztest.h>

#include "fake.h"

#define SETTLE K_MSEC(50)

static const int8_t input[4] = {1, 2, 3, 4};
static int8_t output[2];

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
	mlforge_service_reset_stats(&fake_service);
}

ZTEST(misuse, test_nothing_where_something_must_be)
{
	struct mlforge_listener deaf = {0};

	zassert_equal(mlforge_service_submit(&fake_service, NULL, K_NO_WAIT), -EINVAL);
	zassert_equal(mlforge_service_infer(&fake_service, NULL, output, K_NO_WAIT), -EINVAL);
	zassert_equal(mlforge_service_infer(&fake_service, input, NULL, K_NO_WAIT), -EINVAL);
	zassert_equal(mlforge_service_listen(&fake_service, NULL), -EINVAL);
	zassert_equal(mlforge_service_listen(&fake_service, &deaf), -EINVAL);
	zassert_equal(stats_now().submitted, 0);
}

ZTEST(misuse, test_before_the_kernel_has_started_its_threads)
{
	struct mlforge_stats stats;

	zassert_equal(early_statuses[0], 0);
	zassert_equal(early_statuses[1], -ENOBUFS, "the queue has one place");
	mlforge_service_stats(&narrow_service, &stats);
	zassert_true(stats.submitted >= 2);
	zassert_true(stats.refused >= 1);
	zassert_true(stats.inferences >= 1, "what was queued then must be worked on");
	zassert_equal(stats.processed + stats.refused + stats.queued, stats.submitted);
}

ZTEST(misuse, test_without_a_deadline_nothing_is_late)
{
	struct mlforge_stats stats;

	mlforge_service_reset_stats(&narrow_service);
	fake_busy_us = 30000;
	for (int i = 0; i < 3; i++) { /* a queue of one: the producer waits for its place */
		zassert_ok(mlforge_service_submit(&narrow_service, input, K_FOREVER));
	}
	k_sleep(K_MSEC(100));
	mlforge_service_stats(&narrow_service, &stats);
	zassert_equal(stats.inferences, 3);
	zassert_equal(stats.late + stats.skipped, 0);
	zassert_equal(stats.deadline_us, 0);
	zassert_equal(stats.most_queued, 1);
}

ZTEST(misuse, test_all_inputs_and_outputs_take_part)
{
	zassert_ok(mlforge_service_infer(&narrow_service, input, output, K_NO_WAIT));
	zassert_mem_equal(mlforge_input(narrow_service.instance, 0), &input[0], 2);
	zassert_mem_equal(mlforge_input(narrow_service.instance, 1), &input[2], 2);
	zassert_equal(output[0], -10);
	zassert_equal(output[1], 10);
}

static int in_interrupt[3];
static struct mlforge_stats seen_in_interrupt;

static void misuse(struct k_timer *timer)
{
	ARG_UNUSED(timer);
	mlforge_service_stats(&fake_service, &seen_in_interrupt);
	for (int i = 0; i < FAKE_QUEUE_LENGTH; i++) {
		in_interrupt[0] = mlforge_service_submit(&fake_service, input, K_FOREVER);
	}
	in_interrupt[1] = mlforge_service_submit(&fake_service, input, K_FOREVER);
	in_interrupt[2] = mlforge_service_infer(&fake_service, input, output, K_FOREVER);
}

static K_TIMER_DEFINE(interrupt, misuse, NULL);

static void wait_a_while(void)
{
	k_sleep(K_MSEC(60));
}

/* An inference is under way, and holds the lock and a place of the queue, when the interrupt comes.
 */
ZTEST(misuse, test_interrupts_never_wait)
{
	fake_during = wait_a_while;
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	k_timer_start(&interrupt, K_MSEC(30), K_NO_WAIT);
	k_sleep(K_MSEC(45));
	fake_during = NULL;
	k_sleep(K_MSEC(100));
	zassert_equal(seen_in_interrupt.queued, 1);
	zassert_equal(in_interrupt[0], -ENOBUFS);
	zassert_equal(in_interrupt[1], -ENOBUFS);
	zassert_equal(in_interrupt[2], -EWOULDBLOCK);
	zassert_equal(stats_now().refused, 2);
	zassert_equal(stats_now().submitted, FAKE_QUEUE_LENGTH + 2);
	zassert_equal(stats_now().queued, 0);
}

static int in_listener;
static int calls;

static void infer_in_listener(const struct mlforge_result *result, void *user_data)
{
	ARG_UNUSED(result);
	calls++;
	in_listener = mlforge_service_infer(&fake_service, input, output, K_FOREVER);
	(void)mlforge_service_unlisten(&fake_service, user_data);
}

ZTEST(misuse, test_a_listener_neither_waits_for_itself_nor_stays_when_it_leaves)
{
	static struct mlforge_listener leaving = {.result = infer_in_listener,
						  .user_data = &leaving};

	calls = 0;
	zassert_ok(mlforge_service_listen(&fake_service, &leaving));
	zassert_ok(mlforge_service_listen(&fake_service, &leaving), "twice is once");
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	k_sleep(SETTLE);
	zassert_equal(calls, 1);
	zassert_equal(in_listener, -EDEADLK);
	zassert_equal(stats_now().processed, 2);
	zassert_equal(stats_now().direct, 0);
	zassert_equal(mlforge_service_unlisten(&fake_service, &leaving), -ENOENT);
}

ZTEST(misuse, test_counting_afresh_in_the_middle_of_it)
{
	fake_during = wait_a_while;
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	k_sleep(K_MSEC(10));
	mlforge_service_reset_stats(&fake_service);
	zassert_equal(stats_now().submitted, 2, "both are still there");
	zassert_equal(stats_now().queued, 2);
	k_sleep(K_MSEC(200));
	zassert_equal(stats_now().processed, 2);
	zassert_equal(stats_now().queued, 0);
}

ZTEST_SUITE(misuse, NULL, NULL, before, NULL, NULL);
