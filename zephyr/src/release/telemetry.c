/* SPDX-License-Identifier: Apache-2.0
 *
 * The telemetry record in CBOR: docs/telemetry.md lists what is in it, and nothing else is ever
 * sent.
 */
#include <errno.h>
#include <stdio.h>
#include <zcbor_encode.h>

#include "boot.h"

#define RECORD_VERSION 1
#define MOST_KEYS      23
#define BYTES_A_LINE   32

typedef void (*put_item)(zcbor_state_t *cbor, uint16_t index);

static bool put_uint(zcbor_state_t *cbor, uint32_t key, uint32_t value)
{
	return zcbor_uint32_put(cbor, key) && zcbor_uint32_put(cbor, value);
}

static bool put_list(zcbor_state_t *cbor, uint32_t key, uint32_t count,
		     bool (*item)(zcbor_state_t *, uint16_t))
{
	bool done = zcbor_uint32_put(cbor, key) && zcbor_list_start_encode(cbor, count);

	for (uint32_t i = 0; done && i < count; i++) {
		done = item(cbor, (uint16_t)i);
	}
	return done && zcbor_list_end_encode(cbor, count);
}

static const struct mlforge_monitor *const monitor = &mlforge_bundle_monitor;

static bool put_class(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, monitor->class_counts[index]);
}

static bool put_bin(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, monitor->score_counts[index]);
}

static bool put_mean(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_int32_put(cbor, mlforge_monitor_moments(monitor, index).mean);
}

static bool put_deviation(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, mlforge_monitor_moments(monitor, index).deviation);
}

static bool put_index(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_uint32_put(cbor, mlforge_monitor_channel_index(monitor, index));
}

/* Differences wrap as the bounds of int32 allow: an offset and its bound are both of 32 bits. */
static bool put_offset(zcbor_state_t *cbor, uint16_t index)
{
	const int64_t off = (int64_t)monitor->corrections[index].offset -
			    mlforge_monitor_shipped(monitor, index).offset;

	return zcbor_int32_put(cbor, (int32_t)CLAMP(off, INT32_MIN, INT32_MAX));
}

static bool put_gain(zcbor_state_t *cbor, uint16_t index)
{
	return zcbor_int32_put(cbor, monitor->corrections[index].gain -
					     mlforge_monitor_shipped(monitor, index).gain);
}

static bool put_firmware(zcbor_state_t *cbor, uint16_t index)
{
	const struct mlforge_version *version = &mlforge_bundle_contents.firmware;
	const uint32_t parts[] = {version->major, version->minor, version->revision,
				  version->build};

	return zcbor_uint32_put(cbor, parts[index]);
}

static bool put_head(zcbor_state_t *cbor)
{
	const struct mlforge_counts counts = mlforge_release_counts();

	return put_uint(cbor, 0, RECORD_VERSION) &&
	       put_uint(cbor, 1, mlforge_bundle_contents.crc) &&
	       put_list(cbor, 2, 4, put_firmware) &&
	       put_uint(cbor, 3, (uint32_t)(k_uptime_get() / MSEC_PER_SEC)) &&
	       put_uint(cbor, 4, mlforge_bundle_state()) &&
	       put_uint(cbor, 5, monitor->state->windows) &&
	       put_uint(cbor, 6, monitor->state->inferences) && put_uint(cbor, 7, counts.late) &&
	       put_uint(cbor, 8, counts.refused) && put_uint(cbor, 9, counts.worst_inference_us);
}

static bool put_statistics(zcbor_state_t *cbor)
{
	return (monitor->classes == 0 || put_list(cbor, 11, monitor->classes, put_class)) &&
	       put_list(cbor, 12, MLFORGE_SCORE_BINS(monitor->task), put_bin) &&
	       put_list(cbor, 13, monitor->channels, put_mean) &&
	       put_list(cbor, 14, monitor->channels, put_deviation);
}

static bool put_drift(zcbor_state_t *cbor, const struct mlforge_drift_report *report)
{
	if (mlforge_bundle_contents.baseline.data == NULL) {
		return true;
	}
	return put_uint(cbor, 15, report->scores) &&
	       (monitor->classes == 0 || put_uint(cbor, 16, report->classes)) &&
	       put_list(cbor, 17, monitor->channels, put_index);
}

static bool put_calibration(zcbor_state_t *cbor)
{
	if (!mlforge_bundle_contents.calibration.baseline_allowed) {
		return true;
	}
	return put_list(cbor, 18, monitor->channels, put_offset) &&
	       put_list(cbor, 19, monitor->channels, put_gain) &&
	       put_uint(cbor, 20, monitor->state->calibrations);
}

static bool put_record(zcbor_state_t *cbor)
{
	const struct mlforge_drift_report report = mlforge_monitor_drift(monitor);

	return zcbor_map_start_encode(cbor, MOST_KEYS) && put_head(cbor) &&
	       put_uint(cbor, 10, report.drift) && put_statistics(cbor) &&
	       put_drift(cbor, &report) && put_calibration(cbor) &&
	       (report.windows_needed == 0 || put_uint(cbor, 21, report.windows_needed)) &&
	       (monitor->task != MLFORGE_TASK_ANOMALY ||
		put_uint(cbor, 22, monitor->state->alarms)) &&
	       zcbor_map_end_encode(cbor, MOST_KEYS);
}

int mlforge_telemetry_encode(uint8_t *record, size_t bytes)
{
	if (!monitor->state->allowed) {
		return -EACCES;
	}
	ZCBOR_STATE_E(cbor, 3, record, bytes, 1);
	mlforge_bundle_lock();
	const bool done = put_record(cbor);

	mlforge_bundle_unlock();
	return done ? (int)(cbor->payload - record) : -ENOMEM;
}

size_t mlforge_telemetry_most_bytes(void)
{
	return mlforge_release.record_bytes;
}

int mlforge_telemetry_lines(void (*print)(void *context, const char *line), void *context)
{
	char line[sizeof("mlforge-telemetry 65535/65535 ") + 2 * BYTES_A_LINE];

	mlforge_bundle_lock(); /* of the buffer, too */
	const uint8_t *record = mlforge_release.record;
	const int bytes =
		mlforge_telemetry_encode(mlforge_release.record, mlforge_release.record_bytes);

	for (int from = 0; from < bytes; from += BYTES_A_LINE) {
		int length = snprintf(line, sizeof(line), "mlforge-telemetry %d/%d ", from, bytes);

		for (int i = from; i < MIN(from + BYTES_A_LINE, bytes); i++) {
			length += snprintf(&line[length], sizeof(line) - (size_t)length, "%02x",
					   record[i]);
		}
		print(context, line);
	}
	mlforge_bundle_unlock();
	return bytes;
}
