/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of settings.c where there are none: nothing outlives a reset.
 */
#include <zephyr/sys/util.h>

#include "settings.h"

static const struct mlforge_failed no_settings_test_boot;

void mlforge_stored_load(void)
{
}

const struct mlforge_failed *mlforge_stored_test_boot(void)
{
	return &no_settings_test_boot;
}

void mlforge_stored_test_boot_save(const struct mlforge_failed *now)
{
	ARG_UNUSED(now);
}

void mlforge_stored_test_boot_delete(void)
{
}

bool mlforge_stored_corrections(uint32_t crc, uint32_t *calibrations)
{
	ARG_UNUSED(crc);
	ARG_UNUSED(calibrations);
	return false;
}

int mlforge_stored_corrections_save(uint32_t crc)
{
	ARG_UNUSED(crc);
	return 0;
}

int mlforge_stored_corrections_delete(void)
{
	return 0;
}
