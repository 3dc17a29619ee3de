/* SPDX-License-Identifier: Apache-2.0
 *
 * Occupies the memory that a contract keeps free (target.ram_kept_free): an image that needs it
 * does not link.
 */
#include <zephyr/init.h>
#include <zephyr/kernel.h>

#include "kept_free.h"

#define PATTERN 0xA5U

static uint8_t __noinit kept[CONFIG_MLFORGE_RAM_KEPT_FREE];

bool mlforge_kept_free_intact(void)
{
	for (size_t i = 0; i < sizeof(kept); i++) {
		if (((volatile uint8_t *)kept)[i] != PATTERN) {
			return false;
		}
	}
	return true;
}

static int kept_free_take(void)
{
	for (size_t i = 0; i < sizeof(kept); i++) {
		((volatile uint8_t *)kept)[i] = PATTERN;
	}
	return 0;
}

SYS_INIT(kept_free_take, PRE_KERNEL_1, 0);
