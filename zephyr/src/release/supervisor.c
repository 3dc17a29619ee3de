/* SPDX-License-Identifier: Apache-2.0
 *
 * The release at boot. Before the application's threads start, its bundle is checked; then, in a
 * thread of the least priority, its health is watched, and only then is it confirmed. A trial that
 * fails ends in a reset, by which MCUboot takes the device back to the release before it.
 */
#include <zephyr/init.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/logging/log_ctrl.h>
#include <zephyr/sys/reboot.h>
#ifdef CONFIG_MLFORGE_CONFIRM
#include <zephyr/dfu/mcuboot.h>
#endif

#include "boot.h"

LOG_MODULE_REGISTER(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

#define POLL_MS 100

static K_THREAD_STACK_DEFINE(stack, CONFIG_MLFORGE_BUNDLE_STACK_SIZE);
static struct k_thread thread;
static K_SEM_DEFINE(checked, 0, 1);
static struct mlforge_bundle_status now = {.confirmed = true};
static struct k_spinlock lock;

static void set_state(enum mlforge_bundle_state state, struct mlforge_finding finding)
{
	const k_spinlock_key_t key = k_spin_lock(&lock);

	now.state = state;
	now.finding = finding;
	k_spin_unlock(&lock, key);
}

enum mlforge_bundle_state mlforge_bundle_state(void)
{
	return now.state;
}

bool mlforge_on_trial(void)
{
	return !now.confirmed;
}

void mlforge_bundle_status(struct mlforge_bundle_status *status)
{
	const k_spinlock_key_t key = k_spin_lock(&lock);

	*status = now;
	k_spin_unlock(&lock, key);
}

static bool is_confirmed(void)
{
#ifdef CONFIG_MLFORGE_CONFIRM
	return boot_is_img_confirmed();
#else
	return true;
#endif
}

static int confirm(void)
{
#ifdef CONFIG_MLFORGE_CONFIRM
	return boot_write_img_confirmed();
#else
	return 0;
#endif
}

/* How a release that was tried before ended is told; this one's own trial is noted as one that a
 * reset ends, until something else is known. */
static void open_trial(void)
{
	const struct mlforge_failed *last = mlforge_stored_trial();
	struct mlforge_failed trial = mlforge_bundle_identity();

	now.confirmed = is_confirmed();
	if (last->finding.reason != MLFORGE_REASON_NONE && last->crc != trial.crc) {
		now.failed = *last;
		LOG_WRN("release %u.%u.%u was tried here and did not last: %s (%u)",
			last->firmware.major, last->firmware.minor, last->firmware.revision,
			mlforge_reason_text(last->finding.reason), last->finding.detail);
	}
	if (!now.confirmed) {
		trial.finding.reason = MLFORGE_REASON_RESET;
		mlforge_trial_begin();
		mlforge_stored_trial_save(&trial);
	} else {
		mlforge_trial_skip();
	}
}

/* Notes why, and has MCUboot take the device back; a release that is confirmed stays. */
static void fail(enum mlforge_bundle_state state, struct mlforge_finding finding)
{
	struct mlforge_failed trial = mlforge_bundle_identity();

	set_state(state, finding);
	LOG_ERR("%s failed: %s (%u)",
		state == MLFORGE_BUNDLE_REFUSED ? "boot check" : "health check",
		mlforge_reason_text(finding.reason), finding.detail);
	if (now.confirmed) {
		return;
	}
	trial.finding = finding;
	mlforge_stored_trial_save(&trial);
	LOG_ERR("not confirmed: reset, back to the release before");
	IF_ENABLED(CONFIG_LOG, (LOG_PANIC();))
	sys_reboot(SYS_REBOOT_COLD);
}

static void admit(uint32_t worst_us)
{
	const struct mlforge_version *version = &mlforge_bundle_contents.firmware;
	uint32_t calibrations = 0;

	now.self_test_us = worst_us;
	mlforge_monitor_begin(&mlforge_bundle_monitor);
	if (mlforge_stored_corrections(mlforge_bundle_contents.crc, &calibrations) &&
	    mlforge_monitor_restore(&mlforge_bundle_monitor, mlforge_release.stored,
				    calibrations)) {
		LOG_INF("calibrated %u times", calibrations);
	}
	set_state(now.confirmed ? MLFORGE_BUNDLE_RUNNING : MLFORGE_BUNDLE_TRIAL,
		  (struct mlforge_finding){0});
	LOG_INF("release %u.%u.%u, bundle %08x: sound; %u vectors, %u us%s", version->major,
		version->minor, version->revision, mlforge_bundle_contents.crc,
		mlforge_bundle_contents.self_test.vectors, worst_us,
		now.confirmed ? "" : "; on trial");
}

static void watch(void)
{
	const int64_t ends_ms =
		k_uptime_get() + CONFIG_MLFORGE_BUNDLE_TRIAL_S * (int64_t)MSEC_PER_SEC;
	const int64_t earliest_ms =
		k_uptime_get() + CONFIG_MLFORGE_BUNDLE_HEALTH_S * (int64_t)MSEC_PER_SEC;
	struct mlforge_finding finding = {0};
	bool settled = false;

	while (finding.reason == MLFORGE_REASON_NONE &&
	       !(settled && k_uptime_get() >= earliest_ms)) {
		size_t unused = 0;

		k_sleep(K_MSEC(POLL_MS));
		(void)k_thread_stack_space_get(&thread, &unused);
		finding = mlforge_health(unused, &settled);
		if (finding.reason == MLFORGE_REASON_NONE && !settled && k_uptime_get() > ends_ms) {
			finding = mlforge_health_unsettled();
		}
	}
	if (finding.reason == MLFORGE_REASON_NONE && !now.confirmed) {
		const int status = confirm();

		finding = status == 0 ? finding
				      : (struct mlforge_finding){MLFORGE_REASON_FLASH,
								 (uint32_t)-status};
	}
	if (finding.reason != MLFORGE_REASON_NONE) {
		fail(MLFORGE_BUNDLE_UNHEALTHY, finding);
		return;
	}
	if (!now.confirmed) {
		mlforge_trial_end();
		mlforge_stored_trial_delete();
		now.confirmed = true;
		LOG_INF("confirmed");
	}
	set_state(MLFORGE_BUNDLE_RUNNING, finding);
}

static void run(void *unused1, void *unused2, void *unused3)
{
	uint32_t worst_us = 0;

	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	mlforge_stored_load();
	open_trial();
	const struct mlforge_finding finding = mlforge_check(&worst_us);

	if (finding.reason != MLFORGE_REASON_NONE) {
		fail(MLFORGE_BUNDLE_REFUSED, finding);
		k_sem_give(&checked);
		return;
	}
	admit(worst_us);
	k_sem_give(&checked);
	watch();
	mlforge_release_serve();
}

/* main, and the application's threads, begin when this has returned. */
static int begin(void)
{
	if (!mlforge_bundle_present()) {
		return 0;
	}
	(void)k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), run, NULL, NULL, NULL,
			      K_LOWEST_APPLICATION_THREAD_PRIO, 0, K_NO_WAIT);
	(void)k_thread_name_set(&thread, "mlforge_bundle");
	(void)k_sem_take(&checked, K_FOREVER);
	return 0;
}
/* Before the sensors' feeds. */
SYS_INIT(begin, APPLICATION, 50);
