/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The release that runs: the check of its bundle at boot, its test boot and confirmation,
 * its monitor, its telemetry (docs/telemetry.md).
 *
 * With CONFIG_MLFORGE_BUNDLE=y; of the contract's model alone.
 */
#ifndef MLFORGE_RELEASE_H_
#define MLFORGE_RELEASE_H_

#include <mlforge/monitor.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The numbers are those of docs/telemetry.md.
 */
enum mlforge_bundle_state {
	MLFORGE_BUNDLE_UNCHECKED =
		0, /**< not yet; or the image, built to measure a model, carries no bundle */
	MLFORGE_BUNDLE_REFUSED = 1,     /**< there are no inferences */
	MLFORGE_BUNDLE_UNCONFIRMED = 2, /**< sound, and watched before it is confirmed */
	MLFORGE_BUNDLE_RUNNING = 3,
	MLFORGE_BUNDLE_UNHEALTHY = 4, /**< sound, but its health is not */
};

/**
 * @brief Deprecated: the name before MCUboot's words.
 */
#define MLFORGE_BUNDLE_TRIAL __DEPRECATED_MACRO MLFORGE_BUNDLE_UNCONFIRMED

/**
 * @brief A release that was tested here and did not last: `reason` is NONE where there was none.
 */
struct mlforge_failed {
	uint32_t crc; /**< of its bundle */
	struct mlforge_version firmware;
	struct mlforge_finding finding;
};

struct mlforge_bundle_status {
	enum mlforge_bundle_state state;
	struct mlforge_finding finding; /**< why it is refused or unhealthy */
	bool confirmed;        /**< MCUboot will not take it back; also where there is no MCUboot */
	uint32_t self_test_us; /**< worst inference of the self-test */
	struct mlforge_failed failed;
};

/**
 * @brief What became of the bundle.
 *
 * When main runs it has been checked. In interrupts, too.
 */
enum mlforge_bundle_state mlforge_bundle_state(void);

/**
 * @brief The same with all that is known.
 *
 * Not in interrupts.
 */
void mlforge_bundle_status(struct mlforge_bundle_status *status);

/**
 * @brief Its contents; all zero unless it is sound.
 */
extern struct mlforge_bundle mlforge_bundle_contents;

/**
 * @brief Decisions, statistics, drift: monitor.h.
 */
extern const struct mlforge_monitor mlforge_bundle_monitor;

/**
 * @brief A check of the application's own, before its release is confirmed.
 *
 * @param check_name a C identifier
 * @param function   int (*)(void): 0, healthy; -EAGAIN, not known yet, ask again; another
 *                   negative errno, sick. Called in the bundle's thread, of the least priority,
 *                   some ten times a second; after 0 not any more
 */
#define MLFORGE_HEALTH_CHECK_DEFINE(check_name, function)                                          \
	static bool check_name##_healthy;                                                          \
	static const STRUCT_SECTION_ITERABLE(mlforge_health_check, check_name) = {                 \
		STRINGIFY(check_name), function, &check_name##_healthy}

struct mlforge_health_check {
	const char *name;
	int (*check)(void);
	bool *healthy;
};

#ifdef CONFIG_MLFORGE_CALIBRATION
/**
 * @brief Calibrates the baseline and stores the result (monitor.h says what it does; done every
 * `period` of the contract).
 *
 * @return 0; -EACCES, the bundle does not allow it, or there is none; -EAGAIN, too few windows
 *         since the last time; -ENOTSUP, features with such a stage; another negative errno where
 *         it was done but not stored. Not in interrupts.
 */
int mlforge_bundle_calibrate(void);

/**
 * @brief Back to what the bundle has.
 *
 * @return 0, or a negative errno where what is stored could not be removed.
 */
int mlforge_bundle_uncalibrate(void);
#endif

#ifdef CONFIG_MLFORGE_TELEMETRY
/**
 * @brief Writes a telemetry record, in CBOR.
 *
 * @param record [bytes]; mlforge_telemetry_most_bytes() are always enough
 *
 * @return its length; -ENOMEM, `bytes` are too few; -EACCES, there is no sound bundle. Not in
 *         interrupts.
 */
int mlforge_telemetry_encode(uint8_t *record, size_t bytes);
size_t mlforge_telemetry_most_bytes(void);
#endif

/**
 * @brief The statistics begin afresh, the service's among them.
 *
 * Not in interrupts.
 */
void mlforge_telemetry_reset(void);

/** @cond INTERNAL_HIDDEN */

/* For the code that the build generates. */
#define MLFORGE_TELEMETRY_BYTES(channels, classes, bins)                                           \
	(128 + 26 * (channels) + 5 * (classes) + 5 * (bins))

struct mlforge_service;

struct mlforge_release {
	struct mlforge_image image;
	struct mlforge_correction *stored; /**< [image.channels + 1], for what is read and stored */
	const struct mlforge_service *service;
	uint8_t *record;     /**< [record_bytes], as smp_record */
	uint8_t *smp_record; /**< NULL without CONFIG_MLFORGE_SMP */
	size_t record_bytes;
};

extern const struct mlforge_release mlforge_release;

bool mlforge_bundle_infer(const struct mlforge_supervisor *supervisor);
void mlforge_bundle_forget(const struct mlforge_supervisor *supervisor);
void mlforge_bundle_lock(void);
void mlforge_bundle_unlock(void);

/** @endcond */

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_RELEASE_H_ */
