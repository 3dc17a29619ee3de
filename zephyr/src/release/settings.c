/* SPDX-License-Identifier: Apache-2.0
 *
 * What outlives a reset, in Zephyr's settings: how the last test boot ended, and the device's own
 * calibration. Each belongs to one bundle, by the CRC of its block; what is of another bundle, or
 * of another size, is as if it were not there.
 */
#include <errno.h>
#include <string.h>
#include <zephyr/logging/log.h>
#include <zephyr/settings/settings.h>
#include <zephyr/sys/byteorder.h>

#include "settings.h"
#include "state.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

/* Keys that devices in the field have stored: they do not change. */
#define STORED_TEST_BOOT       "mlforge/trial"
#define STORED_CALIBRATION     "mlforge/calibration"
#define STORED_TEST_BOOT_BYTES 17
/* Of a calibration: CRC and how many there were; pairs of offset and gain follow. */
#define STORED_HEAD_BYTES      8

static struct mlforge_failed stored_test_boot;
static struct {
	uint32_t crc;
	uint32_t calibrations;
	bool known;
} stored_calibration;

static void stored_pack_test_boot(const struct mlforge_failed *from, uint8_t *data)
{
	sys_put_le32(from->crc, data);
	data[4] = from->firmware.major;
	data[5] = from->firmware.minor;
	sys_put_le16(from->firmware.revision, &data[6]);
	sys_put_le32(from->firmware.build, &data[8]);
	data[12] = (uint8_t)from->finding.reason;
	sys_put_le32(from->finding.detail, &data[13]);
}

static void stored_read_test_boot(size_t bytes, settings_read_cb read, void *context)
{
	uint8_t data[STORED_TEST_BOOT_BYTES];

	if (bytes != sizeof(data) || read(context, data, sizeof(data)) != sizeof(data)) {
		return;
	}
	stored_test_boot = (struct mlforge_failed){
		.crc = sys_get_le32(data),
		.firmware = {data[4], data[5], sys_get_le16(&data[6]), sys_get_le32(&data[8])},
		.finding = {(enum mlforge_reason)data[12], sys_get_le32(&data[13])},
	};
}

static size_t stored_calibration_bytes(void)
{
	return STORED_HEAD_BYTES +
	       mlforge_release.image.channels * sizeof(struct mlforge_correction);
}

static void stored_read_calibration(size_t bytes, settings_read_cb read, void *context)
{
	uint8_t *data = (uint8_t *)mlforge_release.stored;

	if (bytes != stored_calibration_bytes() || read(context, data, bytes) != (ssize_t)bytes) {
		return;
	}
	stored_calibration.crc = sys_get_le32(data);
	stored_calibration.calibrations = sys_get_le32(&data[4]);
	stored_calibration.known = true;
	memmove(data, &data[STORED_HEAD_BYTES], bytes - STORED_HEAD_BYTES);
}

static int stored_on_key(const char *key, size_t bytes, settings_read_cb read, void *context,
			 void *unused)
{
	ARG_UNUSED(unused);
	if (key != NULL && strcmp(key, "trial") == 0) {
		stored_read_test_boot(bytes, read, context);
	} else if (key != NULL && strcmp(key, "calibration") == 0) {
		stored_read_calibration(bytes, read, context);
	}
	return 0;
}

void mlforge_stored_load(void)
{
	int status = settings_subsys_init();

	if (status == 0) {
		status = settings_load_subtree_direct("mlforge", stored_on_key, NULL);
	}
	if (status != 0) {
		LOG_ERR("settings: %d; nothing is stored", status);
	}
}

const struct mlforge_failed *mlforge_stored_test_boot(void)
{
	return &stored_test_boot;
}

void mlforge_stored_test_boot_save(const struct mlforge_failed *now)
{
	uint8_t data[STORED_TEST_BOOT_BYTES];

	stored_pack_test_boot(now, data);
	const int status = settings_save_one(STORED_TEST_BOOT, data, sizeof(data));

	if (status != 0) {
		LOG_ERR("settings: %d; the test boot is not noted", status);
	}
}

void mlforge_stored_test_boot_delete(void)
{
	stored_test_boot = (struct mlforge_failed){0};
	(void)settings_delete(STORED_TEST_BOOT);
}

bool mlforge_stored_corrections(uint32_t crc, uint32_t *calibrations)
{
	*calibrations = stored_calibration.calibrations;
	return stored_calibration.known && stored_calibration.crc == crc;
}

int mlforge_stored_corrections_save(uint32_t crc)
{
	const struct mlforge_monitor *monitor = &mlforge_bundle_monitor;
	uint8_t *data = (uint8_t *)mlforge_release.stored;

	mlforge_bundle_lock();
	sys_put_le32(crc, data);
	sys_put_le32(monitor->state->calibrations, &data[4]);
	memcpy(&data[STORED_HEAD_BYTES], monitor->corrections,
	       stored_calibration_bytes() - STORED_HEAD_BYTES);
	mlforge_bundle_unlock();
	return settings_save_one(STORED_CALIBRATION, data, stored_calibration_bytes());
}

int mlforge_stored_corrections_delete(void)
{
	stored_calibration.known = false;
	return settings_delete(STORED_CALIBRATION);
}
