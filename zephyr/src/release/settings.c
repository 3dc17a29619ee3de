/* SPDX-License-Identifier: Apache-2.0
 *
 * What outlives a reset, in Zephyr's settings: how the last trial ended, and the device's own
 * calibration. Each belongs to one bundle, by the CRC of its block; what is of another bundle, or
 * of another size, is as if it were not there.
 */
#include <errno.h>
#include <string.h>
#include <zephyr/logging/log.h>
#include <zephyr/settings/settings.h>
#include <zephyr/sys/byteorder.h>

#include "boot.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

#define TRIAL       "mlforge/trial"
#define CALIBRATION "mlforge/calibration"
#define TRIAL_BYTES 17
#define HEAD_BYTES                                                                                 \
	8 /* of a calibration: CRC and how many there were; then pairs of offset and gain */

static struct mlforge_failed trial;
static struct {
	uint32_t crc;
	uint32_t calibrations;
	bool known;
} calibration;

static void pack_trial(const struct mlforge_failed *from, uint8_t *data)
{
	sys_put_le32(from->crc, data);
	data[4] = from->firmware.major;
	data[5] = from->firmware.minor;
	sys_put_le16(from->firmware.revision, &data[6]);
	sys_put_le32(from->firmware.build, &data[8]);
	data[12] = (uint8_t)from->finding.reason;
	sys_put_le32(from->finding.detail, &data[13]);
}

static void read_trial(size_t bytes, settings_read_cb read, void *context)
{
	uint8_t data[TRIAL_BYTES];

	if (bytes != sizeof(data) || read(context, data, sizeof(data)) != sizeof(data)) {
		return;
	}
	trial = (struct mlforge_failed){
		.crc = sys_get_le32(data),
		.firmware = {data[4], data[5], sys_get_le16(&data[6]), sys_get_le32(&data[8])},
		.finding = {(enum mlforge_reason)data[12], sys_get_le32(&data[13])},
	};
}

static size_t calibration_bytes(void)
{
	return HEAD_BYTES + mlforge_release.image.channels * sizeof(struct mlforge_correction);
}

static void read_calibration(size_t bytes, settings_read_cb read, void *context)
{
	uint8_t *data = (uint8_t *)mlforge_release.stored;

	if (bytes != calibration_bytes() || read(context, data, bytes) != (ssize_t)bytes) {
		return;
	}
	calibration.crc = sys_get_le32(data);
	calibration.calibrations = sys_get_le32(&data[4]);
	calibration.known = true;
	memmove(data, &data[HEAD_BYTES], bytes - HEAD_BYTES);
}

static int on_setting(const char *key, size_t bytes, settings_read_cb read, void *context,
		      void *unused)
{
	ARG_UNUSED(unused);
	if (key != NULL && strcmp(key, "trial") == 0) {
		read_trial(bytes, read, context);
	} else if (key != NULL && strcmp(key, "calibration") == 0) {
		read_calibration(bytes, read, context);
	}
	return 0;
}

void mlforge_stored_load(void)
{
	int status = settings_subsys_init();

	if (status == 0) {
		status = settings_load_subtree_direct("mlforge", on_setting, NULL);
	}
	if (status != 0) {
		LOG_ERR("settings: %d; nothing is stored", status);
	}
}

const struct mlforge_failed *mlforge_stored_trial(void)
{
	return &trial;
}

void mlforge_stored_trial_save(const struct mlforge_failed *now)
{
	uint8_t data[TRIAL_BYTES];

	pack_trial(now, data);
	const int status = settings_save_one(TRIAL, data, sizeof(data));

	if (status != 0) {
		LOG_ERR("settings: %d; the trial is not noted", status);
	}
}

void mlforge_stored_trial_delete(void)
{
	trial = (struct mlforge_failed){0};
	(void)settings_delete(TRIAL);
}

bool mlforge_stored_corrections(uint32_t crc, uint32_t *calibrations)
{
	*calibrations = calibration.calibrations;
	return calibration.known && calibration.crc == crc;
}

int mlforge_stored_corrections_save(uint32_t crc)
{
	const struct mlforge_monitor *monitor = &mlforge_bundle_monitor;
	uint8_t *data = (uint8_t *)mlforge_release.stored;

	mlforge_bundle_lock();
	sys_put_le32(crc, data);
	sys_put_le32(monitor->state->calibrations, &data[4]);
	memcpy(&data[HEAD_BYTES], monitor->corrections, calibration_bytes() - HEAD_BYTES);
	mlforge_bundle_unlock();
	return settings_save_one(CALIBRATION, data, calibration_bytes());
}

int mlforge_stored_corrections_delete(void)
{
	calibration.known = false;
	return settings_delete(CALIBRATION);
}
