/* SPDX-License-Identifier: Apache-2.0
 *
 * What the statistics come to, held against the baseline of the bundle.
 */
#include "monitor.h"

struct mlforge_moment_pair mlforge_monitor_moments(const struct mlforge_monitor *monitor,
						   uint16_t channel)
{
	mlforge_monitor_lock(monitor);
	const struct mlforge_moment_pair found =
		mlforge_moments_read(&monitor->moments[channel], monitor->state->values);

	mlforge_monitor_unlock(monitor);
	return found;
}

uint32_t mlforge_monitor_channel_index(const struct mlforge_monitor *monitor, uint16_t channel)
{
	const struct mlforge_baseline *baseline = &monitor->bundle->baseline;

	if (baseline->data == NULL || monitor->state->values == 0) {
		return 0;
	}
	const struct mlforge_moment_pair expected = {
		mlforge_i32(&baseline->data[8U * channel]),
		mlforge_u32(&baseline->data[8U * channel + 4])};

	return mlforge_normal_index(mlforge_monitor_moments(monitor, channel), expected);
}

static uint32_t mlforge_report_worst_channel(const struct mlforge_monitor *monitor)
{
	uint32_t worst = 0;

	for (uint16_t i = 0; i < monitor->channels; i++) {
		const uint32_t index = mlforge_monitor_channel_index(monitor, i);

		worst = index > worst ? index : worst;
	}
	return worst;
}

struct mlforge_drift_report mlforge_monitor_drift(const struct mlforge_monitor *monitor)
{
	const struct mlforge_baseline *baseline = &monitor->bundle->baseline;
	const uint32_t bins = MLFORGE_SCORE_BINS(monitor->task);
	struct mlforge_drift_report report = {0, 0, 0, 0};

	if (baseline->data == NULL) {
		return report;
	}
	const uint8_t *classes = &baseline->data[8U * baseline->channels];
	const uint32_t limit = (uint32_t)baseline->psi_limit << 8;

	mlforge_monitor_lock(monitor);
	report.classes = mlforge_psi(monitor->class_counts, classes, baseline->classes);
	report.scores = mlforge_psi(monitor->score_counts, &classes[2U * baseline->classes], bins);
	report.windows_needed =
		MLFORGE_WINDOWS_PER_BIN * (bins > monitor->classes ? bins : monitor->classes);
	if (monitor->state->windows >= report.windows_needed) {
		report.drift = (uint8_t)((mlforge_report_worst_channel(monitor) > limit
						  ? MLFORGE_DRIFT_INPUTS
						  : 0) |
					 (report.scores > limit ? MLFORGE_DRIFT_SCORES : 0) |
					 (report.classes > limit ? MLFORGE_DRIFT_CLASSES : 0));
	}
	mlforge_monitor_unlock(monitor);
	return report;
}
