/* SPDX-License-Identifier: Apache-2.0
 *
 * The driver of a sensor that does as a test says.
 */
#ifndef SCRIPTED_H_
#define SCRIPTED_H_

#include <zephyr/drivers/sensor.h>

struct scripted {
	struct sensor_value values[3]; /* of any channel: one or three of them */
	int fetch_status;
	int get_status;
	int trigger_status;
	uint32_t fetch_ms; /* how long a fetch takes */
	uint32_t fetches;
	struct sensor_value rate; /* what the sampling frequency was set to */
	const struct sensor_trigger *trigger;
	sensor_trigger_handler_t handler;
};

static inline struct scripted *scripted(const struct device *device)
{
	return device->data;
}

/* What the interrupt of the sensor would do. */
void scripted_data_ready(const struct device *device);

#endif /* SCRIPTED_H_ */
