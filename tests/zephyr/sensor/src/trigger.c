/* SPDX-License-Identifier: Apache-2.0
 *
 * A feed that the sensor's data-ready interrupt paces.
 */
#include <errno.h>
#include <zephyr/ztest.h>

#include "feed.h"
#include "scripted.h"

static const struct device *const gyroscope = DEVICE_DT_GET(DT_NODELABEL(gyroscope));

MLFORGE_SENSOR_DEFINE(triggered_sensor, DT_PATH(mlforge, by_trigger), &motion_service,
		      MOTION_PIPELINE_FRAME_LENGTH);

static void interrupt(struct k_timer *timer)
{
	ARG_UNUSED(timer);
	scripted_data_ready(gyroscope);
}

static K_TIMER_DEFINE(line, interrupt, NULL);

ZTEST(trigger, test_a_frame_for_each_trigger)
{
	zassert_ok(mlforge_sensor_start(&triggered_sensor));
	k_timer_start(&line, K_MSEC(30), K_MSEC(30)); /* a sensor keeps its own time */
	k_msleep(30 * 20 + 15);
	k_timer_stop(&line);
	const struct mlforge_sensor_stats stats = feed_stats(&triggered_sensor);

	zassert_within(stats.frames, 20, 1, "%u frames", stats.frames);
	zassert_equal(stats.missed + stats.errors + stats.refused, 0);
	zassert_equal(scripted(gyroscope)->trigger->type, SENSOR_TRIG_DATA_READY);
}

ZTEST(trigger, test_triggers_that_come_too_fast_are_missed)
{
	zassert_ok(mlforge_sensor_start(&triggered_sensor));
	k_sched_lock();
	for (int i = 0; i < 3; i++) {
		scripted_data_ready(gyroscope);
	}
	k_sched_unlock();
	k_msleep(20);
	zassert_equal(feed_stats(&triggered_sensor).frames, 1);
	zassert_equal(feed_stats(&triggered_sensor).missed, 2);
}

ZTEST(trigger, test_a_sensor_that_falls_silent_is_read_all_the_same)
{
	zassert_ok(mlforge_sensor_start(&triggered_sensor));
	k_msleep(9 * PERIOD_MS); /* twice four periods */
	zassert_equal(feed_stats(&triggered_sensor).frames, 2);
	zassert_equal(feed_stats(&triggered_sensor).missed, 6);
}

ZTEST(trigger, test_a_driver_without_the_trigger)
{
	scripted(gyroscope)->trigger_status = -ENOTSUP;
	zassert_equal(mlforge_sensor_start(&triggered_sensor), -ENOTSUP);
	zassert_equal(feed_stats(&triggered_sensor).errors, 1);
	zassert_equal(feed_stats(&triggered_sensor).last_error, -ENOTSUP);
	scripted(gyroscope)->trigger_status = 0;
	zassert_ok(mlforge_sensor_start(&triggered_sensor), "it may be tried again");
}

ZTEST(trigger, test_nothing_comes_after_the_stop)
{
	zassert_ok(mlforge_sensor_start(&triggered_sensor));
	scripted_data_ready(gyroscope);
	k_msleep(10);
	mlforge_sensor_stop(&triggered_sensor);
	zassert_is_null(scripted(gyroscope)->handler);
	k_msleep(10 * PERIOD_MS);
	zassert_equal(feed_stats(&triggered_sensor).frames, 1);
	zassert_equal(feed_stats(&triggered_sensor).missed, 0);
}

ZTEST_SUITE(trigger, NULL, NULL, feeds_at_rest, NULL, NULL);
