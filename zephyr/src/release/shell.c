/* SPDX-License-Identifier: Apache-2.0
 *
 * `mlforge bundle`, `thresholds`, `calibrate` and `telemetry`.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zephyr/shell/shell.h>

#include "state.h"
#include "telemetry.h"

static const struct mlforge_monitor *const release_cmd_monitor = &mlforge_bundle_monitor;

static const char *release_cmd_class_name(uint32_t class)
{
	const struct mlforge_instance *instance = release_cmd_monitor->instance;

	return class < instance->classes_count ? instance->classes[class] : "?";
}

static void release_cmd_print_version(const struct shell *shell, const char *what,
				      const struct mlforge_version *version)
{
	shell_print(shell, "  %s %u.%u.%u+%u", what, version->major, version->minor,
		    version->revision, version->build);
}

static int release_cmd_bundle(const struct shell *shell, size_t count, char **words)
{
	static const char *const states[] = {"unchecked", "refused", "unconfirmed", "running",
					     "unhealthy"};
	const struct mlforge_bundle *contents = &mlforge_bundle_contents;
	struct mlforge_bundle_status status;

	ARG_UNUSED(count);
	ARG_UNUSED(words);
	mlforge_bundle_status(&status);
	shell_print(shell, "%s, %s, reason %s (%u)", states[status.state],
		    status.confirmed ? "confirmed" : "not confirmed",
		    mlforge_reason_text(status.finding.reason), status.finding.detail);
	if (contents->name != NULL) {
		shell_print(shell, "  %.32s for %.32s, bundle %08x", contents->name,
			    contents->board, contents->crc);
		release_cmd_print_version(shell, "firmware", &contents->firmware);
		release_cmd_print_version(shell, "model", &contents->model);
		release_cmd_print_version(shell, "thresholds", &contents->thresholds_version);
		release_cmd_print_version(shell, "calibration", &contents->calibration_version);
		shell_print(shell, "  self-test %u vectors, worst %u us",
			    contents->self_test.vectors, status.self_test_us);
	}
	if (status.failed.finding.reason != MLFORGE_REASON_NONE) {
		release_cmd_print_version(shell, "did not last:", &status.failed.firmware);
		shell_print(shell, "    bundle %08x, reason %s (%u)", status.failed.crc,
			    mlforge_reason_text(status.failed.finding.reason),
			    status.failed.finding.detail);
	}
	return 0;
}

static int release_cmd_thresholds(const struct shell *shell, size_t count, char **words)
{
	const struct mlforge_thresholds *shipped = &mlforge_bundle_contents.thresholds;
	const int32_t decision = mlforge_monitor_decision(release_cmd_monitor);

	ARG_UNUSED(count);
	ARG_UNUSED(words);
	if (shipped->data == NULL) {
		shell_print(shell, "none");
	} else {
		shell_print(shell, "%u windows in a row", shipped->hysteresis);
	}
	for (uint32_t i = 0; shipped->data != NULL && i < shipped->classes; i++) {
		shell_print(shell, "  %s: from %d, until below %d", release_cmd_class_name(i),
			    (int8_t)shipped->data[2 * i], (int8_t)shipped->data[2 * i + 1]);
	}
	if (shipped->data != NULL && shipped->task == MLFORGE_TASK_ANOMALY) {
		shell_print(shell, "  alarm: from %u/65536, until below %u/65536; newest %u/65536",
			    mlforge_u32(shipped->data), mlforge_u32(&shipped->data[4]),
			    mlforge_monitor_error(release_cmd_monitor));
	}
	if (release_cmd_monitor->task == MLFORGE_TASK_ANOMALY) {
		shell_print(shell, "decision: %s", decision == 1 ? "alarm" : "normal");
	} else {
		shell_print(shell, "decision: %s",
			    decision < 0 ? "none" : release_cmd_class_name((uint32_t)decision));
	}
	return 0;
}

#ifdef CONFIG_MLFORGE_CALIBRATION
static int release_cmd_calibrate(const struct shell *shell, size_t count, char **words)
{
	int status;

	if (count > 1 && strcmp(words[1], "reset") == 0) {
		status = mlforge_bundle_uncalibrate();
	} else if (count > 1 && strcmp(words[1], "show") == 0) {
		status = 0;
	} else if (count > 1) {
		shell_error(shell, "calibrate [reset | show]");
		return -EINVAL;
	} else {
		status = mlforge_bundle_calibrate();
	}
	if (status != 0) {
		shell_error(shell, "%s (%d)",
			    status == -EACCES    ? "not allowed by the contract"
			    : status == -EAGAIN  ? "too few windows yet"
			    : status == -ENOTSUP ? "not possible with these features"
						 : "done, but not stored",
			    status);
	}
	mlforge_bundle_lock();
	for (uint16_t i = 0; i < release_cmd_monitor->channels; i++) {
		shell_print(shell, "  channel %u: offset %d, gain %d/65536", i,
			    release_cmd_monitor->corrections[i].offset,
			    release_cmd_monitor->corrections[i].gain);
	}
	mlforge_bundle_unlock();
	return status;
}

SHELL_SUBCMD_ADD((mlforge), calibrate, NULL,
		 "Calibrate the baseline now; reset: as shipped; show: only show",
		 release_cmd_calibrate, 1, 1);
#endif

static void release_cmd_print_index(const struct shell *shell, const char *what, uint32_t index)
{
	const uint32_t thousandths = (uint32_t)((uint64_t)index * 1000 >> 16);

	shell_print(shell, "  index of %s %u.%03u", what, thousandths / 1000, thousandths % 1000);
}

static void release_cmd_print_drift(const struct shell *shell)
{
	const struct mlforge_drift_report report = mlforge_monitor_drift(release_cmd_monitor);

	if (report.windows_needed == 0) {
		shell_print(shell, "  no baseline in the bundle");
		return;
	}
	shell_print(shell, "  drift:%s%s%s%s", report.drift == 0 ? " none" : "",
		    report.drift & MLFORGE_DRIFT_INPUTS ? " inputs" : "",
		    report.drift & MLFORGE_DRIFT_SCORES ? " scores" : "",
		    report.drift & MLFORGE_DRIFT_CLASSES ? " classes" : "");
	if (release_cmd_monitor->state->windows < report.windows_needed) {
		shell_print(shell, "  too early to tell: %u windows are needed",
			    report.windows_needed);
	}
	release_cmd_print_index(shell, "scores", report.scores);
	if (release_cmd_monitor->classes > 0) {
		release_cmd_print_index(shell, "classes", report.classes);
	}
}

static void release_cmd_print_statistics(const struct shell *shell)
{
	shell_print(shell, "  windows %u, inferences %u, alarms %u",
		    release_cmd_monitor->state->windows, release_cmd_monitor->state->inferences,
		    release_cmd_monitor->state->alarms);
	for (uint16_t i = 0; i < release_cmd_monitor->channels; i++) {
		const struct mlforge_moment_pair pair =
			mlforge_monitor_moments(release_cmd_monitor, i);

		shell_print(shell, "  channel %u: mean %d/256, deviation %u/256, index %u/65536", i,
			    pair.mean, pair.deviation,
			    mlforge_monitor_channel_index(release_cmd_monitor, i));
	}
	for (uint16_t i = 0; i < release_cmd_monitor->classes; i++) {
		shell_print(shell, "  %s: %u windows", release_cmd_class_name(i),
			    release_cmd_monitor->class_counts[i]);
	}
}

#ifdef CONFIG_MLFORGE_TELEMETRY
static void release_cmd_print_line(void *context, const char *line)
{
	shell_print((const struct shell *)context, "%s", line);
}
#endif

static int release_cmd_telemetry(const struct shell *shell, size_t count, char **words)
{
	if (count == 1) {
		mlforge_bundle_lock();
		release_cmd_print_statistics(shell);
		release_cmd_print_drift(shell);
		mlforge_bundle_unlock();
		return 0;
	}
	if (strcmp(words[1], "reset") == 0) {
		mlforge_telemetry_reset();
		return 0;
	}
#ifdef CONFIG_MLFORGE_TELEMETRY
	if (strcmp(words[1], "cbor") == 0) {
		const int bytes = mlforge_telemetry_lines(release_cmd_print_line, (void *)shell);

		return MIN(bytes, 0);
	}
#endif
	shell_error(shell, "telemetry [cbor | reset]");
	return -EINVAL;
}

SHELL_SUBCMD_ADD((mlforge), bundle, NULL, "Which release runs, and what became of it",
		 release_cmd_bundle, 1, 0);
SHELL_SUBCMD_ADD((mlforge), thresholds, NULL, "The bundle's thresholds, and the decision",
		 release_cmd_thresholds, 1, 0);
SHELL_SUBCMD_ADD((mlforge), telemetry, NULL,
		 "Statistics and drift; cbor: the record; reset: begin afresh",
		 release_cmd_telemetry, 1, 1);
