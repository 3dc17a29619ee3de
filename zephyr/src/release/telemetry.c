/* SPDX-License-Identifier: Apache-2.0
 *
 * The telemetry record in CBOR: docs/telemetry.md lists what is in it, and nothing else is ever
 * sent.
 */
#include <errno.h>
#include <stdio.h>
#include <zcbor_encode.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>

#include "state.h"
#include "telemetry.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

#define TELEMETRY_RECORD_VERSION 1
#define TELEMETRY_MOST_KEYS      23
#define TELEMETRY_BYTES_A_LINE   32

static bool telemetry_put_uint(zcbor_state_t *cbor, uint32_t key, uint32_t value)
{
	return zcbor_uint32_put(cbor, key) && zcbor_uint32_put(cbor, value);
}

static bool telemetry_put_list(zcbor_state_t *cbor, uint32_t key, uint32_t count,
			       bool (*item)(zcbor_state_t *, uint16_t))
{
	bool done = zcbor_uint32_put(cbor, key) && zcbor_list_start_encode(cbor, count);

	for (uint32_t i = 0; done && i < count; i++) {
		done = item(cbor, (uint16_t)i);
	}
	return done && zcbor_list_end_encode(cbor, count);
}

static const struct mlforge_monitor *const telemetry_monitor = &mlforge_bundle_monitor;

static bool telemetry_put_class(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, telemetry_monitor->class_counts[index]);
}

static bool telemetry_put_bin(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, telemetry_monitor->score_counts[index]);
}

static bool telemetry_put_mean(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_int32_put(cbor, mlforge_monitor_moments(telemetry_monitor, index).mean);
}

static bool telemetry_put_deviation(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, mlforge_monitor_moments(telemetry_monitor, index).deviation);
}

static bool telemetry_put_index(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, mlforge_monitor_channel_index(telemetry_monitor, index));
}

/* Differences wrap as the bounds of int32 allow: an offset and its bound are both of 32 bits. */
static bool telemetry_put_offset(zcbor_state_t *cbor, uint16_t index)
{
	const int64_t off = (int64_t)telemetry_monitor->corrections[index].offset -
			    mlforge_monitor_shipped(telemetry_monitor, index).offset;

	return zcbor_int32_put(cbor, (int32_t)CLAMP(off, INT32_MIN, INT32_MAX));
}

static bool telemetry_put_gain(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_int32_put(cbor,
			       telemetry_monitor->corrections[index].gain -
				       mlforge_monitor_shipped(telemetry_monitor, index).gain);
}

static bool telemetry_put_firmware(zcbor_state_t *cbor, uint16_t index)
{
	const struct mlforge_version *version = &mlforge_bundle_contents.firmware;
	const uint32_t parts[] = {version->major, version->minor, version->revision,
				  version->build};

	return zcbor_uint32_put(cbor, parts[index]);
}

static bool telemetry_put_head(zcbor_state_t *cbor)
{
	const struct mlforge_counts counts = mlforge_release_counts();

	return telemetry_put_uint(cbor, 0, TELEMETRY_RECORD_VERSION) &&
	       telemetry_put_uint(cbor, 1, mlforge_bundle_contents.crc) &&
	       telemetry_put_list(cbor, 2, 4, telemetry_put_firmware) &&
	       telemetry_put_uint(cbor, 3, (uint32_t)(k_uptime_get() / MSEC_PER_SEC)) &&
	       telemetry_put_uint(cbor, 4, mlforge_bundle_state()) &&
	       telemetry_put_uint(cbor, 5, telemetry_monitor->state->windows) &&
	       telemetry_put_uint(cbor, 6, telemetry_monitor->state->inferences) &&
	       telemetry_put_uint(cbor, 7, counts.late) &&
	       telemetry_put_uint(cbor, 8, counts.refused) &&
	       telemetry_put_uint(cbor, 9, counts.worst_inference_us);
}

static bool telemetry_put_statistics(zcbor_state_t *cbor)
{
	return (telemetry_monitor->classes == 0 ||
		telemetry_put_list(cbor, 11, telemetry_monitor->classes, telemetry_put_class)) &&
	       telemetry_put_list(cbor, 12, MLFORGE_SCORE_BINS(telemetry_monitor->task),
				  telemetry_put_bin) &&
	       telemetry_put_list(cbor, 13, telemetry_monitor->channels, telemetry_put_mean) &&
	       telemetry_put_list(cbor, 14, telemetry_monitor->channels, telemetry_put_deviation);
}

static bool telemetry_put_drift(zcbor_state_t *cbor, const struct mlforge_drift_report *report)
{
	if (mlforge_bundle_contents.baseline.data == NULL) {
		return true;
	}
	return telemetry_put_uint(cbor, 15, report->scores) &&
	       (telemetry_monitor->classes == 0 || telemetry_put_uint(cbor, 16, report->classes)) &&
	       telemetry_put_list(cbor, 17, telemetry_monitor->channels, telemetry_put_index);
}

static bool telemetry_put_calibration(zcbor_state_t *cbor)
{
	if (!mlforge_bundle_contents.calibration.baseline_allowed) {
		return true;
	}
	return telemetry_put_list(cbor, 18, telemetry_monitor->channels, telemetry_put_offset) &&
	       telemetry_put_list(cbor, 19, telemetry_monitor->channels, telemetry_put_gain) &&
	       telemetry_put_uint(cbor, 20, telemetry_monitor->state->calibrations);
}

static bool telemetry_put_record(zcbor_state_t *cbor)
{
	const struct mlforge_drift_report report = mlforge_monitor_drift(telemetry_monitor);

	return zcbor_map_start_encode(cbor, TELEMETRY_MOST_KEYS) && telemetry_put_head(cbor) &&
	       telemetry_put_uint(cbor, 10, report.drift) && telemetry_put_statistics(cbor) &&
	       telemetry_put_drift(cbor, &report) && telemetry_put_calibration(cbor) &&
	       (report.windows_needed == 0 ||
		telemetry_put_uint(cbor, 21, report.windows_needed)) &&
	       (telemetry_monitor->task != MLFORGE_TASK_ANOMALY ||
		telemetry_put_uint(cbor, 22, telemetry_monitor->state->alarms)) &&
	       zcbor_map_end_encode(cbor, TELEMETRY_MOST_KEYS);
}

int mlforge_telemetry_encode(uint8_t *record, size_t bytes)
{
	if (!telemetry_monitor->state->allowed) {
		return -EACCES;
	}
	ZCBOR_STATE_E(cbor, 3, record, bytes, 1);
	mlforge_bundle_lock();
	const bool done = telemetry_put_record(cbor);

	mlforge_bundle_unlock();
	return done ? (int)(cbor->payload - record) : -ENOMEM;
}

size_t mlforge_telemetry_most_bytes(void)
{
	return mlforge_release.record_bytes;
}

int mlforge_telemetry_lines(void (*print)(void *context, const char *line), void *context)
{
	char line[sizeof("mlforge-telemetry 65535/65535 ") + 2 * TELEMETRY_BYTES_A_LINE];

	mlforge_bundle_lock(); /* of the buffer, too */
	const uint8_t *record = mlforge_release.record;
	const int bytes =
		mlforge_telemetry_encode(mlforge_release.record, mlforge_release.record_bytes);

	for (int from = 0; from < bytes; from += TELEMETRY_BYTES_A_LINE) {
		int length = snprintf(line, sizeof(line), "mlforge-telemetry %d/%d ", from, bytes);

		for (int i = from; i < MIN(from + TELEMETRY_BYTES_A_LINE, bytes); i++) {
			length += snprintf(&line[length], sizeof(line) - (size_t)length, "%02x",
					   record[i]);
		}
		print(context, line);
	}
	mlforge_bundle_unlock();
	return bytes;
}

#if CONFIG_MLFORGE_TELEMETRY_LOG_INTERVAL_S > 0
static void telemetry_log_line(void *context, const char *line)
{
	ARG_UNUSED(context);
	LOG_INF("%s", line);
}

void mlforge_telemetry_log_when_due(int64_t *due_ms)
{
	if (k_uptime_get() >= *due_ms) {
		(void)mlforge_telemetry_lines(telemetry_log_line, NULL);
		*due_ms = k_uptime_get() +
			  CONFIG_MLFORGE_TELEMETRY_LOG_INTERVAL_S * (int64_t)MSEC_PER_SEC;
	}
}
#endif
