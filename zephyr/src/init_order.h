/* SPDX-License-Identifier: Apache-2.0
 *
 * When each part of MLForge begins, as priorities of the level APPLICATION. They are numbers of our
 * own, so that no CONFIG_APPLICATION_INIT_PRIORITY of an application changes their order: a feed
 * that began before the boot check had allowed inferences would never begin.
 */
#ifndef MLFORGE_INIT_ORDER_H_
#define MLFORGE_INIT_ORDER_H_

#include <zephyr/toolchain.h>

#define MLFORGE_INIT_FEED_QUEUE 1  /* mlforge_sensor_start works from here on */
#define MLFORGE_INIT_BOOT_CHECK 50 /* after it, inferences are allowed or not */
#define MLFORGE_INIT_FEEDS      91 /* those that begin at boot */

BUILD_ASSERT(MLFORGE_INIT_FEED_QUEUE < MLFORGE_INIT_FEEDS, "a feed needs the feeds' queue");
BUILD_ASSERT(MLFORGE_INIT_BOOT_CHECK < MLFORGE_INIT_FEEDS, "a feed needs an allowed instance");

#endif /* MLFORGE_INIT_ORDER_H_ */
