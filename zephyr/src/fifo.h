/* SPDX-License-Identifier: Apache-2.0
 *
 * Sensors that gather frames in a FIFO: batches through RTIO, by reference.
 */
#ifndef MLFORGE_ZEPHYR_FIFO_H_
#define MLFORGE_ZEPHYR_FIFO_H_

#include <mlforge/sensor.h>

#ifdef CONFIG_MLFORGE_SENSOR_FIFO
/* Begins to take batches, once its rate is set. */
int mlforge_fifo_start(const struct mlforge_sensor *sensor);
#else
static inline int mlforge_fifo_start(const struct mlforge_sensor *sensor)
{
	ARG_UNUSED(sensor);
	return -ENOTSUP;
}
#endif

#endif /* MLFORGE_ZEPHYR_FIFO_H_ */
