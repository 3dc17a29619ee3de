/* SPDX-License-Identifier: Apache-2.0
 *
 * An application that is updated in the field, well or badly. A test puts a contract and a locked
 * model beside prj.conf, and another word over "good" in the linked image, before it signs it.
 */
#include <errno.h>
#include <mlforge/release.h>
#include <string.h>
#include <zephyr/device.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/init.h>
#include <zephyr/irq.h>
#include <zephyr/kernel.h>
#include <zephyr/settings/settings.h>

static const volatile char behaviour[] = "behaviour:good";

static bool behaves(const char *word)
{
	const volatile char *now = &behaviour[sizeof("behaviour:") - 1];

	return now[0] == word[0] && now[1] == word[1] && now[2] == word[2] && now[3] == word[3];
}

static int health(void)
{
	return behaves("sick") ? -EIO : 0;
}

MLFORGE_HEALTH_CHECK_DEFINE(feeling, health);

static void hang(void)
{
	for (;;) {
	}
}

#define HOG_PERIOD_US 1000
#define HOG_US        930

/* Leaves an inference a small part of the time. */
static void on_hog(struct k_timer *timer)
{
	ARG_UNUSED(timer);
	k_busy_wait(HOG_US);
}

static K_TIMER_DEFINE(hog, on_hog, NULL);

static int begin(void)
{
	if (behaves("late")) {
		k_timer_start(&hog, K_NO_WAIT, K_USEC(HOG_PERIOD_US));
	} else if (behaves("init")) {
		hang();
	}
	return 0;
}
/* Before the release is checked. */
SYS_INIT(begin, APPLICATION, 0);

static void die(void)
{
	void (*const nowhere)(void) = (void (*)(void))0xfffffff0;

	nowhere();
}

/* Until there is no room left in the storage. */
static void fill(void)
{
	static uint8_t junk[256];
	char name[sizeof("junk/") + 10];
	uint32_t count = 0;

	do {
		snprintk(name, sizeof(name), "junk/%u", count++);
	} while (settings_save_one(name, junk, sizeof(junk)) == 0);
	printk("app has filled its storage: %u\n", count);
}

static void say(const char *what)
{
	const struct mlforge_version *version = &mlforge_bundle_contents.firmware;

	printk("app %u.%u %s\n", version->major, version->minor, what);
}

/* QEMU's UART interrupts nobody for a byte that came before interrupts were enabled, and takes no
 * further one then. */
static void unblock_smp(void)
{
	unsigned char byte;

	(void)uart_poll_in(DEVICE_DT_GET(DT_CHOSEN(zephyr_uart_mcumgr)), &byte);
}

int main(void)
{
	struct mlforge_bundle_status status;

	unblock_smp();
	mlforge_bundle_status(&status);
	say(status.confirmed ? "confirmed" : "not confirmed");
	if (behaves("hang")) {
		hang();
	} else if (behaves("deaf")) {
		(void)irq_lock();
		hang();
	} else if (behaves("dies")) {
		die();
	} else if (behaves("full")) {
		fill();
	}
	while (mlforge_bundle_state() == MLFORGE_BUNDLE_UNCONFIRMED) {
		k_sleep(K_MSEC(10));
	}
	say(mlforge_bundle_state() == MLFORGE_BUNDLE_RUNNING ? "running" : "refused");
	return 0;
}
