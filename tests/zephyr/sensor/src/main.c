/* SPDX-License-Identifier: Apache-2.0
 *
 * Sensors into a service by devicetree: the right values at the right rate, and every period
 * accounted for when sensors fail, are slow, or are not there.
 */
#include <errno.h>
#include <string.h>
#include <zephyr/shell/shell.h>
#include <zephyr/shell/shell_dummy.h>
#include <zephyr/ztest.h>

#include "feed.h"
#include "scripted.h"

static const struct device *const accelerometer = DEVICE_DT_GET(DT_NODELABEL(accelerometer));
static const struct device *const thermometer = DEVICE_DT_GET(DT_NODELABEL(thermometer));

MLFORGE_SENSOR_DEFINE(broken_sensor, DT_PATH(mlforge, broken), &motion_service,
		      MOTION_PIPELINE_FRAME_LENGTH);

static int8_t newest[MOTION_OUTPUT_BYTES];
static uint32_t listener_ms;

static void on_result(const struct mlforge_result *result, void *user_data)
{
	ARG_UNUSED(user_data);
	memcpy(newest, result->output, sizeof(newest));
	if (listener_ms) {
		k_msleep((int32_t)listener_ms);
	}
}

static struct mlforge_listener listener = {.result = on_result};

void feeds_at_rest(void *fixture)
{
	ARG_UNUSED(fixture);
	listener_ms = 0;
	STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
		mlforge_sensor_stop(sensor);
		for (size_t i = 0; i < sensor->devices_count; i++) {
			*scripted(sensor->devices[i]) = (struct scripted){0};
		}
	}
	k_msleep(100);
	mlforge_service_restart(&motion_service);
	mlforge_service_reset_stats(&motion_service);
	STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
		mlforge_sensor_reset_stats(sensor);
	}
}

/* Frames, failures and all of one feed, run for a while: each period ends as exactly one of them.
 */
static struct mlforge_sensor_stats run_for(const struct mlforge_sensor *sensor, int periods)
{
	zassert_ok(mlforge_sensor_start(sensor));
	k_msleep(periods * PERIOD_MS);
	mlforge_sensor_stop(sensor);
	const struct mlforge_sensor_stats stats = feed_stats(sensor);

	zassert_within(stats.frames + stats.refused + stats.errors + stats.missed, periods + 1, 2,
		       "frames %u, refused %u, errors %u, missed %u", stats.frames, stats.refused,
		       stats.errors, stats.missed);
	return stats;
}

static void *setup(void)
{
	k_msleep(200);
	zassert_true(feed_stats(&motion_sensor).frames >= 5, "it begins at boot");
	mlforge_service_listen(&motion_service, &listener);
	return NULL;
}

ZTEST(sensor, test_values_become_frames)
{
	*scripted(accelerometer) =
		(struct scripted){.values = {{1, 500000}, {-2, -250000}, {0, 500000}}};
	*scripted(thermometer) = (struct scripted){.values = {{20, 500000}}};
	const struct mlforge_sensor_stats stats = run_for(&motion_sensor, 8);
	struct mlforge_stats service;

	zassert_equal(newest[0], -6);
	zassert_equal(newest[1], 9);
	zassert_equal(newest[2], -2);
	zassert_equal(newest[3], 41);
	zassert_equal(stats.errors + stats.missed + stats.refused, 0);
	k_msleep(50);
	mlforge_service_stats(&motion_service, &service);
	zassert_equal(service.submitted, stats.frames);
	zassert_equal(service.inferences, stats.frames - 1, "a window is two frames");
	zassert_equal(service.deadline_us, 9000);
	zassert_equal(scripted(accelerometer)->fetches, stats.frames,
		      "once a frame, for three values");
}

ZTEST(sensor, test_what_no_frame_can_hold_saturates)
{
	*scripted(accelerometer) =
		(struct scripted){.values = {{INT32_MAX, 999999}, {INT32_MIN, -999999}}};
	(void)run_for(&motion_sensor, 4);
	zassert_equal(newest[0], -128);
	zassert_equal(newest[1], 127);
	zassert_equal(newest[2], 0);
}

ZTEST(sensor, test_the_rate_does_not_drift)
{
	const struct mlforge_sensor_stats stats = run_for(&motion_sensor, 80);

	zassert_within(stats.frames, 81, 1, "%u frames", stats.frames);
	zassert_equal(stats.missed, 0);
	zassert_equal(scripted(accelerometer)->rate.val1, 40);
	zassert_equal(scripted(thermometer)->rate.val1, 40);
}

ZTEST(sensor, test_a_sensor_that_fails_is_counted_until_it_works_again)
{
	zassert_ok(mlforge_sensor_start(&motion_sensor));
	zassert_ok(mlforge_sensor_start(&motion_sensor), "twice is once");
	scripted(thermometer)->fetch_status = -EIO;
	k_msleep(10 * PERIOD_MS);
	scripted(thermometer)->fetch_status = 0;
	const struct mlforge_sensor_stats failing = feed_stats(&motion_sensor);

	zassert_within(failing.errors, 10, 2, "%u errors", failing.errors);
	zassert_equal(failing.last_error, -EIO);
	scripted(accelerometer)->get_status = -ENOTSUP;
	k_msleep(4 * PERIOD_MS);
	scripted(accelerometer)->get_status = 0;
	zassert_equal(feed_stats(&motion_sensor).last_error, -ENOTSUP);
	k_msleep(10 * PERIOD_MS);
	zassert_true(feed_stats(&motion_sensor).frames >= failing.frames + 9);
}

ZTEST(sensor, test_a_sensor_that_is_not_there)
{
	const struct mlforge_sensor_stats stats = run_for(&broken_sensor, 8);

	zassert_equal(stats.frames, 0);
	zassert_within(stats.errors, 9, 2);
	zassert_equal(stats.last_error, -ENODEV);
}

ZTEST(sensor, test_periods_that_a_slow_sensor_takes_are_missed)
{
	scripted(accelerometer)->fetch_ms = 3 * PERIOD_MS + 5;
	const struct mlforge_sensor_stats stats = run_for(&motion_sensor, 40);

	zassert_between_inclusive(stats.frames, 8, 13, "%u frames", stats.frames);
	zassert_true(stats.missed >= 2 * stats.frames, "%u missed", stats.missed);
}

ZTEST(sensor, test_a_service_that_is_too_slow_refuses)
{
	struct mlforge_stats service;

	listener_ms = 10 * PERIOD_MS;
	const struct mlforge_sensor_stats stats = run_for(&motion_sensor, 40);

	mlforge_service_stats(&motion_service, &service);
	zassert_true(stats.refused > 20, "%u refused", stats.refused);
	zassert_equal(stats.missed, 0, "the sensor is read all the same");
	zassert_equal(service.refused, stats.refused);
	zassert_equal(service.submitted, stats.frames + stats.refused);
}

ZTEST(sensor, test_the_shell_shows_them)
{
	const struct shell *shell = shell_backend_dummy_get_ptr();
	size_t size;

	scripted(thermometer)->fetch_status = -EIO;
	(void)run_for(&motion_sensor, 4);
	WAIT_FOR(shell_ready(shell), 100000, k_msleep(1));
	shell_backend_dummy_clear_output(shell);
	zassert_ok(shell_execute_cmd(shell, "mlforge stats"));
	const char *text = shell_backend_dummy_get_output(shell, &size);

	zassert_not_null(strstr(text, "motion_sensor"), "%s", text);
	zassert_not_null(strstr(text, "(last -5)"), "%s", text);
	zassert_ok(shell_execute_cmd(shell, "mlforge reset"));
	zassert_equal(feed_stats(&motion_sensor).errors, 0);
}

ZTEST_SUITE(sensor, NULL, setup, feeds_at_rest, NULL, NULL);
