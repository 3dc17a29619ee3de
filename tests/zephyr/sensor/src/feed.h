/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of feeds have in common.
 */
#ifndef FEED_H_
#define FEED_H_

#include <mlforge/sensor.h>

#include "motion_mlforge.h"

#define PERIOD_MS 25

/* Stops all feeds, makes all sensors work, waits until the service is idle, and starts counting
 * afresh. */
void feeds_at_rest(void *fixture);

static inline struct mlforge_sensor_stats feed_stats(const struct mlforge_sensor *sensor)
{
	struct mlforge_sensor_stats stats;

	mlforge_sensor_stats(sensor, &stats);
	return stats;
}

#endif /* FEED_H_ */
