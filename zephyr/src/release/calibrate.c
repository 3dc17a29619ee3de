/* SPDX-License-Identifier: Apache-2.0
 *
 * The release while it runs: its monitor's lock and clock, calibration every so often, telemetry in
 * the log.
 */
#include <errno.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#ifdef CONFIG_MLFORGE_SERVICE
#include <mlforge/service.h>
#endif

#include "boot.h"
#include "clock.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

static K_MUTEX_DEFINE(mutex);
static uint32_t late;
static uint32_t worst_us;

void mlforge_bundle_lock(void)
{
	(void)k_mutex_lock(&mutex, K_FOREVER);
}

void mlforge_bundle_unlock(void)
{
	(void)k_mutex_unlock(&mutex);
}

bool mlforge_bundle_infer(const struct mlforge_supervisor *supervisor)
{
	const struct mlforge_moment started = mlforge_now();
	const bool done = mlforge_monitor_infer(supervisor);
	const uint32_t took_us = mlforge_elapsed_us(started, mlforge_now());
	const uint32_t deadline_us = mlforge_bundle_monitor.instance->deadline_us;

	mlforge_bundle_lock();
	worst_us = MAX(worst_us, done ? took_us : 0);
	late += done && deadline_us != 0 && took_us > deadline_us;
	mlforge_bundle_unlock();
	return done;
}

void mlforge_bundle_forget(const struct mlforge_supervisor *supervisor)
{
	ARG_UNUSED(supervisor);
	mlforge_monitor_forget(&mlforge_bundle_monitor);
}

struct mlforge_counts mlforge_release_counts(void)
{
	struct mlforge_counts counts = {.late = late, .worst_inference_us = worst_us};

#ifdef CONFIG_MLFORGE_STATS
	struct mlforge_stats stats;

	mlforge_service_stats(mlforge_release.service, &stats);
	counts = (struct mlforge_counts){stats.late, stats.refused,
					 MAX(stats.worst_inference_us, worst_us)};
#endif
	return counts;
}

void mlforge_telemetry_reset(void)
{
	mlforge_bundle_lock();
	late = 0;
	worst_us = 0;
	mlforge_monitor_reset(&mlforge_bundle_monitor);
	mlforge_bundle_unlock();
#ifdef CONFIG_MLFORGE_STATS
	mlforge_service_reset_stats(mlforge_release.service);
#endif
}

#ifdef CONFIG_MLFORGE_CALIBRATION
int mlforge_bundle_calibrate(void)
{
	static const int status[] = {
		[MLFORGE_CALIBRATED] = 0,
		[MLFORGE_CALIBRATED_NOT_ALLOWED] = -EACCES,
		[MLFORGE_CALIBRATED_TOO_EARLY] = -EAGAIN,
		[MLFORGE_CALIBRATED_NOT_SUPPORTED] = -ENOTSUP,
	};
	const enum mlforge_calibrated done = mlforge_monitor_calibrate(&mlforge_bundle_monitor);

	if (done != MLFORGE_CALIBRATED) {
		return status[done];
	}
	LOG_INF("calibrated");
	return mlforge_stored_corrections_save(mlforge_bundle_contents.crc);
}

int mlforge_bundle_uncalibrate(void)
{
	mlforge_monitor_uncalibrate(&mlforge_bundle_monitor);
	return mlforge_stored_corrections_delete();
}

static void calibrate_when_due(int64_t *due_ms)
{
	const uint32_t period_s = mlforge_bundle_contents.calibration.period_s;
	const int64_t now_ms = k_uptime_get();

	if (period_s == 0 || !mlforge_bundle_contents.calibration.baseline_allowed ||
	    now_ms < *due_ms) {
		return;
	}
	if (*due_ms != 0) {
		const int status = mlforge_bundle_calibrate();

		if (status != 0) {
			LOG_WRN("not calibrated (%d)", status);
		}
	}
	*due_ms = now_ms + (int64_t)period_s * MSEC_PER_SEC;
}
#else
static void calibrate_when_due(int64_t *due_ms)
{
	ARG_UNUSED(due_ms);
}
#endif

#if defined(CONFIG_MLFORGE_TELEMETRY) && CONFIG_MLFORGE_TELEMETRY_LOG_INTERVAL_S > 0
static void log_line(void *context, const char *line)
{
	ARG_UNUSED(context);
	LOG_INF("%s", line);
}

static void log_when_due(int64_t *due_ms)
{
	if (k_uptime_get() >= *due_ms) {
		(void)mlforge_telemetry_lines(log_line, NULL);
		*due_ms = k_uptime_get() +
			  CONFIG_MLFORGE_TELEMETRY_LOG_INTERVAL_S * (int64_t)MSEC_PER_SEC;
	}
}
#else
static void log_when_due(int64_t *due_ms)
{
	ARG_UNUSED(due_ms);
}
#endif

void mlforge_release_serve(void)
{
	int64_t calibration_due_ms = 0;
	int64_t log_due_ms = k_uptime_get() + MSEC_PER_SEC;

	for (;;) {
		calibrate_when_due(&calibration_due_ms);
		log_when_due(&log_due_ms);
		k_sleep(K_SECONDS(1));
	}
}
