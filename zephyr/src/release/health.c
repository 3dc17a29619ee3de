/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the application around a sound bundle is well: stacks, sensors, and what the application
 * itself has to say.
 */
#include <errno.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#ifdef CONFIG_MLFORGE_SENSOR
#include <mlforge/sensor.h>
#endif
#ifdef CONFIG_MLFORGE_SERVICE
#include <mlforge/service.h>
#endif

#include "health.h"
#ifdef CONFIG_MLFORGE_STREAM
#include "stream.h"
#endif

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

static const struct mlforge_finding health_well = {MLFORGE_REASON_NONE, 0};

static struct mlforge_finding health_check_stack(const char *name, size_t unused_bytes)
{
	if (unused_bytes >= CONFIG_MLFORGE_BUNDLE_STACK_MARGIN) {
		return health_well;
	}
	LOG_ERR("stack of %s: %u bytes left, expected %u", name, (uint32_t)unused_bytes,
		CONFIG_MLFORGE_BUNDLE_STACK_MARGIN);
	return (struct mlforge_finding){MLFORGE_REASON_STACK, (uint32_t)unused_bytes};
}

static struct mlforge_finding health_check_stacks(size_t unused_bytes)
{
	struct mlforge_finding finding = health_check_stack("the self-test", unused_bytes);

#ifdef CONFIG_MLFORGE_SERVICE
	STRUCT_SECTION_FOREACH(mlforge_service, service) {
		size_t unused = 0;

		if (finding.reason == MLFORGE_REASON_NONE &&
		    k_thread_stack_space_get(*service->thread, &unused) == 0) {
			finding = health_check_stack(service->name, unused);
		}
	}
#endif
#ifdef CONFIG_MLFORGE_STREAM
	size_t unused = 0;

	if (finding.reason == MLFORGE_REASON_NONE &&
	    k_thread_stack_space_get(mlforge_stream_thread(), &unused) == 0) {
		finding = health_check_stack("the streams", unused);
	}
#endif
	return finding;
}

/* A feed that runs must have brought a frame; one that does not must have sensors that are ready.
 * 0, or -EAGAIN with *detail the reason so far. */
static int health_check_sensors(uint32_t *detail)
{
	int status = 0;

#ifdef CONFIG_MLFORGE_SENSOR
	STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
		struct mlforge_sensor_stats stats;

		mlforge_sensor_stats(sensor, &stats);
		if (atomic_get(&sensor->state->running) && stats.frames == 0) {
			*detail = stats.last_error == 0 ? ETIMEDOUT : (uint32_t)-stats.last_error;
			status = -EAGAIN;
		}
		for (uint8_t i = 0;
		     !atomic_get(&sensor->state->running) && i < sensor->devices_count; i++) {
			if (!device_is_ready(sensor->devices[i])) {
				*detail = ENODEV;
				status = -EAGAIN;
			}
		}
	}
#else
	ARG_UNUSED(detail);
#endif
	return status;
}

static int health_check_application(const struct mlforge_health_check **which)
{
	int status = 0;

	STRUCT_SECTION_FOREACH(mlforge_health_check, check) {
		const int found = *check->healthy ? 0 : check->check();

		*check->healthy = found == 0;
		if (found != 0 && (status == 0 || status == -EAGAIN)) {
			status = found;
			*which = check;
		}
	}
	return status;
}

struct mlforge_finding mlforge_health(size_t stack_unused_bytes, bool *settled)
{
	const struct mlforge_health_check *which = NULL;
	const struct mlforge_finding stacks = health_check_stacks(stack_unused_bytes);
	uint32_t detail = 0;

	if (stacks.reason != MLFORGE_REASON_NONE) {
		return stacks;
	}
	const int sensors = health_check_sensors(&detail);
	const int application = health_check_application(&which);

	*settled = sensors == 0 && application == 0;
	if (application != 0 && application != -EAGAIN) {
		LOG_ERR("health check %s: %d", which->name, application);
		return (struct mlforge_finding){MLFORGE_REASON_APPLICATION, (uint32_t)-application};
	}
	return health_well;
}

struct mlforge_finding mlforge_health_unsettled(void)
{
	const struct mlforge_health_check *which = NULL;
	uint32_t detail = 0;

	if (health_check_sensors(&detail) != 0) {
		return (struct mlforge_finding){MLFORGE_REASON_SENSOR, detail};
	}
	if (health_check_application(&which) != 0) {
		LOG_ERR("health check %s has nothing to say", which->name);
	}
	return (struct mlforge_finding){MLFORGE_REASON_TIMEOUT,
					CONFIG_MLFORGE_BUNDLE_UNCONFIRMED_S};
}
