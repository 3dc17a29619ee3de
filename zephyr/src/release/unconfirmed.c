/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a trial that nobody ends: a timer feeds the watchdog until the trial's time is over,
 * and resets the device then. Where even interrupts hang, the watchdog does, where the board has
 * one.
 */
#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/watchdog.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/sys/reboot.h>

#include "boot.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

/* For whoever watches the health to end the trial with a reason first. */
#define GRACE_S 5

static int64_t ends_ms;
static bool over;

#ifdef CONFIG_MLFORGE_WATCHDOG
#define FEED_MS (CONFIG_MLFORGE_WATCHDOG_MS / 4)

/* MCUboot starts and feeds a watchdog by this number, where it is built to. */
#define BOOTLOADERS 0

static const struct device *const watchdog = DEVICE_DT_GET(DT_ALIAS(watchdog0));
static int channel = -1;

static void start_watchdog(void)
{
	const struct wdt_timeout_cfg config = {
		.window.max = CONFIG_MLFORGE_WATCHDOG_MS,
		.flags = WDT_FLAG_RESET_SOC,
	};
	int status = device_is_ready(watchdog) ? 0 : -ENODEV;

	if (status == 0) {
		channel = wdt_install_timeout(watchdog, &config);
		status = MIN(channel, 0);
	}
	if (status == 0) {
		status = wdt_setup(watchdog, WDT_OPT_PAUSE_HALTED_BY_DBG);
		status = status == -ENOTSUP ? wdt_setup(watchdog, 0) : status;
	}
	if (status == -EBUSY) {
		channel = BOOTLOADERS; /* it runs already */
	} else if (status != 0) {
		LOG_ERR("no watchdog (%d): nobody will notice where interrupts hang", status);
		channel = -1;
	}
}

static void feed(void)
{
	if (channel >= 0) {
		(void)wdt_feed(watchdog, channel);
	}
}

/* False where it cannot be stopped, so that it must be fed for ever. */
static bool stop_watchdog(void)
{
	return channel < 0 || wdt_disable(watchdog) == 0;
}

/* False where there is one that the bootloader has started, and that cannot be stopped. */
static bool stop_bootloaders(void)
{
	if (device_is_ready(watchdog) && wdt_disable(watchdog) == -EPERM) {
		channel = BOOTLOADERS;
	}
	return channel < 0;
}
#else
#define FEED_MS 1000

static void start_watchdog(void)
{
	LOG_WRN("no watchdog: nobody will notice where interrupts hang");
}

static void feed(void)
{
}

static bool stop_watchdog(void)
{
	return true;
}

static bool stop_bootloaders(void)
{
	return true;
}
#endif

static void on_timer(struct k_timer *timer)
{
	ARG_UNUSED(timer);
	if (!over && k_uptime_get() > ends_ms) {
		sys_reboot(SYS_REBOOT_COLD);
	}
	feed();
}

static K_TIMER_DEFINE(timer, on_timer, NULL);

void mlforge_trial_begin(void)
{
	ends_ms =
		k_uptime_get() + (int64_t)(CONFIG_MLFORGE_BUNDLE_TRIAL_S + GRACE_S) * MSEC_PER_SEC;
	start_watchdog();
	k_timer_start(&timer, K_MSEC(FEED_MS), K_MSEC(FEED_MS));
}

void mlforge_trial_end(void)
{
	over = true;
	if (stop_watchdog()) {
		k_timer_stop(&timer);
	} else {
		LOG_INF("the watchdog cannot be stopped, and is fed from now on");
	}
}

void mlforge_trial_skip(void)
{
	over = true;
	if (!stop_bootloaders()) {
		k_timer_start(&timer, K_MSEC(FEED_MS), K_MSEC(FEED_MS));
	}
}
