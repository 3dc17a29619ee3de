/* SPDX-License-Identifier: Apache-2.0
 *
 * Calibration of the baseline: when the application says so, and every so often. What comes of it
 * is stored.
 */
#include <errno.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>

#include "calibrate.h"
#include "settings.h"
#include "state.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

void mlforge_calibration_restore(void)
{
	uint32_t calibrations = 0;

	if (mlforge_stored_corrections(mlforge_bundle_contents.crc, &calibrations) &&
	    mlforge_monitor_restore(&mlforge_bundle_monitor, mlforge_release.stored,
				    calibrations)) {
		LOG_INF("calibrated %u times", calibrations);
	}
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

void mlforge_calibrate_when_due(int64_t *due_ms)
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
void mlforge_calibrate_when_due(int64_t *due_ms)
{
	ARG_UNUSED(due_ms);
}
#endif
