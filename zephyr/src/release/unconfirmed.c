/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of a test boot that nobody ends: a timer feeds the watchdog until its time is over, and
 * resets the device then. Where even interrupts hang, the watchdog does, where the board has one.
 */
#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/watchdog.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/sys/atomic.h>
#include <zephyr/sys/reboot.h>

#include "unconfirmed.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

/* For whoever watches the health to end it with a reason first. */
#define UNCONFIRMED_GRACE_S 5

static int64_t unconfirmed_ends_ms; /* written before the timer starts, and not again */
static atomic_t unconfirmed_over;

#ifdef CONFIG_MLFORGE_WATCHDOG
#define UNCONFIRMED_FEED_MS (CONFIG_MLFORGE_WATCHDOG_MS / 4)

/* MCUboot starts and feeds a watchdog by this number, where it is built to. */
#define UNCONFIRMED_BOOTLOADERS 0

static const struct device *const unconfirmed_watchdog = DEVICE_DT_GET(DT_ALIAS(watchdog0));
static int unconfirmed_channel = -1;

static void unconfirmed_start_watchdog(void)
{
	const struct wdt_timeout_cfg config = {
		.window.max = CONFIG_MLFORGE_WATCHDOG_MS,
		.flags = WDT_FLAG_RESET_SOC,
	};
	int status = device_is_ready(unconfirmed_watchdog) ? 0 : -ENODEV;

	if (status == 0) {
		unconfirmed_channel = wdt_install_timeout(unconfirmed_watchdog, &config);
		status = MIN(unconfirmed_channel, 0);
	}
	if (status == 0) {
		status = wdt_setup(unconfirmed_watchdog, WDT_OPT_PAUSE_HALTED_BY_DBG);
		status = status == -ENOTSUP ? wdt_setup(unconfirmed_watchdog, 0) : status;
	}
	if (status == -EBUSY) {
		unconfirmed_channel = UNCONFIRMED_BOOTLOADERS; /* it runs already */
	} else if (status != 0) {
		LOG_ERR("no watchdog (%d): nobody will notice where interrupts hang", status);
		unconfirmed_channel = -1;
	}
}

static void unconfirmed_feed(void)
{
	if (unconfirmed_channel >= 0) {
		(void)wdt_feed(unconfirmed_watchdog, unconfirmed_channel);
	}
}

/* False where it cannot be stopped, so that it must be fed for ever. */
static bool unconfirmed_stop_watchdog(void)
{
	return unconfirmed_channel < 0 || wdt_disable(unconfirmed_watchdog) == 0;
}

/* False where there is one that the bootloader has started, and that cannot be stopped. */
static bool unconfirmed_stop_bootloaders(void)
{
	if (device_is_ready(unconfirmed_watchdog) && wdt_disable(unconfirmed_watchdog) == -EPERM) {
		unconfirmed_channel = UNCONFIRMED_BOOTLOADERS;
	}
	return unconfirmed_channel < 0;
}
#else
#define UNCONFIRMED_FEED_MS 1000

static void unconfirmed_start_watchdog(void)
{
	LOG_WRN("no watchdog: nobody will notice where interrupts hang");
}

static void unconfirmed_feed(void)
{
}

static bool unconfirmed_stop_watchdog(void)
{
	return true;
}

static bool unconfirmed_stop_bootloaders(void)
{
	return true;
}
#endif

static void unconfirmed_on_timer(struct k_timer *timer)
{
	ARG_UNUSED(timer);
	if (atomic_get(&unconfirmed_over) == 0 && k_uptime_get() > unconfirmed_ends_ms) {
		sys_reboot(SYS_REBOOT_COLD);
	}
	unconfirmed_feed();
}

static K_TIMER_DEFINE(unconfirmed_timer, unconfirmed_on_timer, NULL);

void mlforge_unconfirmed_begin(void)
{
	unconfirmed_ends_ms =
		k_uptime_get() +
		(int64_t)(CONFIG_MLFORGE_BUNDLE_UNCONFIRMED_S + UNCONFIRMED_GRACE_S) * MSEC_PER_SEC;
	unconfirmed_start_watchdog();
	k_timer_start(&unconfirmed_timer, K_MSEC(UNCONFIRMED_FEED_MS), K_MSEC(UNCONFIRMED_FEED_MS));
}

void mlforge_unconfirmed_end(void)
{
	(void)atomic_set(&unconfirmed_over, 1);
	if (unconfirmed_stop_watchdog()) {
		k_timer_stop(&unconfirmed_timer);
	} else {
		LOG_INF("the watchdog cannot be stopped, and is fed from now on");
	}
}

void mlforge_unconfirmed_skip(void)
{
	(void)atomic_set(&unconfirmed_over, 1);
	if (!unconfirmed_stop_bootloaders()) {
		k_timer_start(&unconfirmed_timer, K_MSEC(UNCONFIRMED_FEED_MS),
			      K_MSEC(UNCONFIRMED_FEED_MS));
	}
}
