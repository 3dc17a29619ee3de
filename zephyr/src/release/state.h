/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of the release alone.
 */
#ifndef MLFORGE_BOOT_H_
#define MLFORGE_BOOT_H_

#include <mlforge/release.h>

/* Whether the image carries a bundle at all: not where a model is measured in the place of the
 * bundle's. */
bool mlforge_bundle_present(void);

/* Which bundle it is, before anything is known of it: what its header says. */
struct mlforge_failed mlforge_bundle_identity(void);

/* The block, whose it is, the arena, the self-test. On success *worst_us is the slowest inference.
 */
struct mlforge_finding mlforge_check(uint32_t *worst_us);

/* NONE with *settled where all is well; NONE without it while something is not known yet. `stack`
 * is the unused part of the checking thread's. */
struct mlforge_finding mlforge_health(size_t stack_unused_bytes, bool *settled);

/* What to say of the sensors and checks that have not settled when the time is over. */
struct mlforge_finding mlforge_health_unsettled(void);

/* The release is not confirmed yet, and a reset takes the device back to the one before. */
bool mlforge_on_trial(void);

/* A trial ends by itself when its time is over, whatever hangs: by the watchdog, else by a timer.
 */
void mlforge_trial_begin(void);
void mlforge_trial_end(void);

/* There is none: a watchdog that the bootloader has started, for whoever hangs before this, is
 * stopped. */
void mlforge_trial_skip(void);

/* Zephyr settings; without them nothing is stored. Errors are logged, and nothing depends on them.
 */
void mlforge_stored_load(void);
/* Of the release that was tried last. */
const struct mlforge_failed *mlforge_stored_trial(void);
void mlforge_stored_trial_save(const struct mlforge_failed *trial);
void mlforge_stored_trial_delete(void);
/* Corrections that were stored for the bundle of this CRC: false where there are none. */
bool mlforge_stored_corrections(uint32_t crc, uint32_t *calibrations);
int mlforge_stored_corrections_save(uint32_t crc);
int mlforge_stored_corrections_delete(void);

/* What is done every so often while the release runs. Does not return. */
void mlforge_release_serve(void);

/* What a service counts, or where there is none the monitor. */
struct mlforge_counts {
	uint32_t late;
	uint32_t refused;
	uint32_t worst_inference_us;
};

struct mlforge_counts mlforge_release_counts(void);

/* Prints a record as lines `mlforge-telemetry OFFSET/TOTAL HEX`. Returns what
 * mlforge_telemetry_encode returned. */
int mlforge_telemetry_lines(void (*print)(void *context, const char *line), void *context);

#endif /* MLFORGE_BOOT_H_ */
