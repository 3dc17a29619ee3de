/* SPDX-License-Identifier: Apache-2.0
 *
 * What outlives a reset: with Zephyr's settings settings.c, without them no_settings.c, where
 * nothing does. Errors are logged, and nothing depends on them.
 */
#ifndef MLFORGE_RELEASE_SETTINGS_H_
#define MLFORGE_RELEASE_SETTINGS_H_

#include <mlforge/release.h>

void mlforge_stored_load(void);

/* How the last test boot ended, and of which release; its reason is NONE where that is not known.
 */
const struct mlforge_failed *mlforge_stored_test_boot(void);
void mlforge_stored_test_boot_save(const struct mlforge_failed *test_boot);
void mlforge_stored_test_boot_delete(void);

/* Corrections that were stored for the bundle of this CRC: false where there are none. */
bool mlforge_stored_corrections(uint32_t crc, uint32_t *calibrations);
int mlforge_stored_corrections_save(uint32_t crc);
int mlforge_stored_corrections_delete(void);

#endif /* MLFORGE_RELEASE_SETTINGS_H_ */
