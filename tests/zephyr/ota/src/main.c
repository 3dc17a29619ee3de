/*
 * SPDX-License-Identifier: Apache-2.0
 *
 * An application that is updated in the field, well or badly. A test puts a contract and a locked model beside prj.conf.
 */
#include <zephyr/dfu/mcuboot.h>
#include <zephyr/kernel.h>

#include <mlforge/instance.h>

#include "activity_mlforge.h"

/* A test writes another word over "good", in the image, before it signs it. */
static const volatile char behaviour[] = "behaviour:good ";

#define FIRMWARE 16 /* where the version is: docs/bundle.md */

extern const uint8_t mlforge_bundle[];

#define BEHAVES(c) (behaviour[sizeof("behaviour:") - 1] == (c))

static void hang(void)
{
	for (;;) {
	}
}

static void crash(void)
{
	void (*const nowhere)(void) = (void (*)(void))0xfffffff0;

	nowhere();
}

int main(void)
{
	printk("app %u.%u %s\n", mlforge_bundle[FIRMWARE], mlforge_bundle[FIRMWARE + 1],
	       boot_is_img_confirmed() ? "confirmed" : "on trial");
	if (BEHAVES('h')) {
		hang();
	} else if (BEHAVES('c')) {
		crash();
	}
	boot_write_img_confirmed();
	printk("app %u.%u running\n", mlforge_bundle[FIRMWARE], mlforge_bundle[FIRMWARE + 1]);
	return 0;
}
