/* SPDX-License-Identifier: Apache-2.0
 *
 * The release from boot on. Before the application's threads start, its bundle is checked; then, in
 * a thread of the least priority, its health is watched, and only then is it confirmed. A test boot
 * that fails ends in a reset, by which MCUboot reverts to the release before it.
 */
#include <zephyr/init.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/logging/log_ctrl.h>
#include <zephyr/sys/reboot.h>
#ifdef CONFIG_MLFORGE_CONFIRM
#include <zephyr/dfu/mcuboot.h>
#endif

#include "boot_check.h"
#include "calibrate.h"
#include "health.h"
#include "init_order.h"
#include "settings.h"
#include "state.h"
#include "telemetry.h"
#include "unconfirmed.h"

LOG_MODULE_REGISTER(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

#define SUPERVISOR_POLL_MS 100

static K_THREAD_STACK_DEFINE(supervisor_stack, CONFIG_MLFORGE_BUNDLE_STACK_SIZE);
static struct k_thread supervisor_thread;
static K_SEM_DEFINE(supervisor_checked, 0, 1);

static bool supervisor_is_confirmed(void)
{
#ifdef CONFIG_MLFORGE_CONFIRM
	return boot_is_img_confirmed();
#else
	return true;
#endif
}

static int supervisor_confirm(void)
{
#ifdef CONFIG_MLFORGE_CONFIRM
	return boot_write_img_confirmed();
#else
	return 0;
#endif
}

/* How the test boot of an earlier release ended is told; this one's own is noted as one that a
 * reset ends, until something else is known. */
static void supervisor_open_test_boot(void)
{
	const struct mlforge_failed *last = mlforge_stored_test_boot();
	struct mlforge_failed own = mlforge_bundle_identity();

	mlforge_set_confirmed(supervisor_is_confirmed());
	if (last->finding.reason != MLFORGE_REASON_NONE && last->crc != own.crc) {
		mlforge_set_failed(last);
		LOG_WRN("release %u.%u.%u was tested here and did not last: %s (%u)",
			last->firmware.major, last->firmware.minor, last->firmware.revision,
			mlforge_reason_text(last->finding.reason), last->finding.detail);
	}
	if (mlforge_confirmed()) {
		mlforge_unconfirmed_skip();
		return;
	}
	own.finding.reason = MLFORGE_REASON_RESET;
	mlforge_unconfirmed_begin();
	mlforge_stored_test_boot_save(&own);
}

/* Notes why, and has MCUboot revert; a release that is confirmed stays. */
static void supervisor_fail(enum mlforge_bundle_state state, struct mlforge_finding finding)
{
	struct mlforge_failed own = mlforge_bundle_identity();

	mlforge_set_state(state, finding);
	LOG_ERR("%s failed: %s (%u)",
		state == MLFORGE_BUNDLE_REFUSED ? "boot check" : "health check",
		mlforge_reason_text(finding.reason), finding.detail);
	if (mlforge_confirmed()) {
		return;
	}
	own.finding = finding;
	mlforge_stored_test_boot_save(&own);
	LOG_ERR("not confirmed: reset, back to the release before");
	IF_ENABLED(CONFIG_LOG, (LOG_PANIC();))
	sys_reboot(SYS_REBOOT_COLD);
}

static void supervisor_admit(uint32_t worst_us)
{
	const struct mlforge_version *version = &mlforge_bundle_contents.firmware;
	const bool confirmed = mlforge_confirmed();

	mlforge_set_self_test_us(worst_us);
	mlforge_monitor_begin(&mlforge_bundle_monitor);
	mlforge_calibration_restore();
	mlforge_set_state(confirmed ? MLFORGE_BUNDLE_RUNNING : MLFORGE_BUNDLE_UNCONFIRMED,
			  (struct mlforge_finding){0});
	LOG_INF("release %u.%u.%u, bundle %08x: sound; %u vectors, %u us%s", version->major,
		version->minor, version->revision, mlforge_bundle_contents.crc,
		mlforge_bundle_contents.self_test.vectors, worst_us,
		confirmed ? "" : "; not confirmed yet");
}

/* Until the application has settled and the least time is over, or something is wrong. */
static struct mlforge_finding supervisor_watch(void)
{
	const int64_t begun_ms = k_uptime_get();
	const int64_t ends_ms =
		begun_ms + CONFIG_MLFORGE_BUNDLE_UNCONFIRMED_S * (int64_t)MSEC_PER_SEC;
	const int64_t earliest_ms =
		begun_ms + CONFIG_MLFORGE_BUNDLE_HEALTH_S * (int64_t)MSEC_PER_SEC;
	struct mlforge_finding finding = {0};
	bool settled = false;

	while (finding.reason == MLFORGE_REASON_NONE &&
	       !(settled && k_uptime_get() >= earliest_ms)) {
		size_t unused = 0;

		k_sleep(K_MSEC(SUPERVISOR_POLL_MS));
		(void)k_thread_stack_space_get(&supervisor_thread, &unused);
		finding = mlforge_health(unused, &settled);
		if (finding.reason == MLFORGE_REASON_NONE && !settled && k_uptime_get() > ends_ms) {
			finding = mlforge_health_unsettled();
		}
	}
	return finding;
}

static struct mlforge_finding supervisor_confirm_when_due(void)
{
	if (mlforge_confirmed()) {
		return (struct mlforge_finding){0};
	}
	const int status = supervisor_confirm();

	if (status != 0) {
		return (struct mlforge_finding){MLFORGE_REASON_FLASH, (uint32_t)-status};
	}
	mlforge_unconfirmed_end();
	mlforge_stored_test_boot_delete();
	mlforge_set_confirmed(true);
	LOG_INF("confirmed");
	return (struct mlforge_finding){0};
}

static void supervisor_settle(void)
{
	struct mlforge_finding finding = supervisor_watch();

	if (finding.reason == MLFORGE_REASON_NONE) {
		finding = supervisor_confirm_when_due();
	}
	if (finding.reason != MLFORGE_REASON_NONE) {
		supervisor_fail(MLFORGE_BUNDLE_UNHEALTHY, finding);
		return;
	}
	mlforge_set_state(MLFORGE_BUNDLE_RUNNING, finding);
}

static void supervisor_serve(void)
{
	int64_t calibration_due_ms = 0;
	int64_t log_due_ms = k_uptime_get() + MSEC_PER_SEC;

	for (;;) {
		mlforge_calibrate_when_due(&calibration_due_ms);
		mlforge_telemetry_log_when_due(&log_due_ms);
		k_sleep(K_SECONDS(1));
	}
}

static void supervisor_run(void *unused1, void *unused2, void *unused3)
{
	uint32_t worst_us = 0;

	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	mlforge_stored_load();
	supervisor_open_test_boot();
	const struct mlforge_finding finding = mlforge_boot_check(&worst_us);

	if (finding.reason != MLFORGE_REASON_NONE) {
		supervisor_fail(MLFORGE_BUNDLE_REFUSED, finding);
		k_sem_give(&supervisor_checked);
		return;
	}
	supervisor_admit(worst_us);
	k_sem_give(&supervisor_checked);
	supervisor_settle();
	supervisor_serve();
}

/* main, and the application's threads, begin when this has returned. */
static int supervisor_begin(void)
{
	if (!mlforge_bundle_present()) {
		return 0;
	}
	(void)k_thread_create(&supervisor_thread, supervisor_stack,
			      K_THREAD_STACK_SIZEOF(supervisor_stack), supervisor_run, NULL, NULL,
			      NULL, K_LOWEST_APPLICATION_THREAD_PRIO, 0, K_NO_WAIT);
	(void)k_thread_name_set(&supervisor_thread, "mlforge_bundle");
	(void)k_sem_take(&supervisor_checked, K_FOREVER);
	return 0;
}
SYS_INIT(supervisor_begin, APPLICATION, MLFORGE_INIT_BOOT_CHECK);
