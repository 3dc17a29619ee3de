/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two ways to read sensors share, one by one (sensor.c) and from a FIFO (fifo.c): their
 * counts.
 */
#ifndef MLFORGE_ZEPHYR_FEED_H_
#define MLFORGE_ZEPHYR_FEED_H_

#include <mlforge/sensor.h>

/* Adds to one of the sensor's counts. Where `what` is not NULL, the 1st, 2nd, 4th, 8th, ... are
 * worth a line of the log. A `status` that is not 0 becomes the last error. */
void mlforge_feed_count(const struct mlforge_sensor *sensor, uint32_t *counter, uint32_t by,
			int status, const char *what);

#endif /* MLFORGE_ZEPHYR_FEED_H_ */
