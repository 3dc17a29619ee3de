/* SPDX-License-Identifier: Apache-2.0 */
#define DT_DRV_COMPAT mlforge_scripted_sensor

#include "scripted.h"

#include <errno.h>
#include <mlforge/sensor.h>
#include <string.h>
#include <zephyr/kernel.h>

static int fetch(const struct device *device, enum sensor_channel channel)
{
	ARG_UNUSED(channel);
	scripted(device)->fetches++;
	if (scripted(device)->fetch_ms) {
		k_msleep((int32_t)scripted(device)->fetch_ms);
	}
	return scripted(device)->fetch_status;
}

static int get(const struct device *device, enum sensor_channel channel,
	       struct sensor_value *values)
{
	const size_t count = MLFORGE_SENSOR_3_AXIS(channel) ? 3 : 1;

	memcpy(values, scripted(device)->values, count * sizeof(values[0]));
	return scripted(device)->get_status;
}

static int set(const struct device *device, enum sensor_channel channel,
	       enum sensor_attribute attribute, const struct sensor_value *value)
{
	ARG_UNUSED(channel);
	if (attribute != SENSOR_ATTR_SAMPLING_FREQUENCY) {
		return -ENOTSUP;
	}
	scripted(device)->rate = *value;
	return 0;
}

static int set_trigger(const struct device *device, const struct sensor_trigger *trigger,
		       sensor_trigger_handler_t handler)
{
	scripted(device)->trigger = trigger;
	scripted(device)->handler = handler;
	return scripted(device)->trigger_status;
}

void scripted_data_ready(const struct device *device)
{
	if (scripted(device)->handler) {
		scripted(device)->handler(device, scripted(device)->trigger);
	}
}

static __maybe_unused int works(const struct device *device)
{
	ARG_UNUSED(device);
	return 0;
}

static __maybe_unused int fails(const struct device *device)
{
	ARG_UNUSED(device);
	return -EIO;
}

static DEVICE_API(sensor, api) = {
	.sample_fetch = fetch,
	.channel_get = get,
	.attr_set = set,
	.trigger_set = set_trigger,
};

#define DEFINE(n)                                                                                  \
	static struct scripted data_##n;                                                           \
	SENSOR_DEVICE_DT_INST_DEFINE(                                                              \
		n, COND_CODE_1(DT_INST_PROP(n, broken), (fails), (works)), NULL, &data_##n, NULL, POST_KERNEL,  \
					     CONFIG_SENSOR_INIT_PRIORITY, &api);

DT_INST_FOREACH_STATUS_OKAY(DEFINE)
