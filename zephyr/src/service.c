/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread of a service, and inferences in turn with it. Nothing is lost silently: refused frames and late results
 * are counted and logged.
 */
#include <errno.h>
#include <mlforge/service.h>
#include <string.h>
#include <zephyr/logging/log.h>

#include "queue.h"

LOG_MODULE_REGISTER(mlforge, CONFIG_MLFORGE_LOG_LEVEL);

/* The 1st, 2nd, 4th, 8th, ...: often enough to be seen, too seldom to make matters worse. */
static bool worth_a_line(uint32_t count)
{
	return IS_POWER_OF_TWO(count);
}

static void publish(const struct mlforge_service *service, const struct mlforge_result *result)
{
#ifdef CONFIG_MLFORGE_ZBUS
	const uint32_t best = mlforge_argmax(result->output, service->instance->model->outputs[0].bytes);
	const struct mlforge_message message = {
		.number = result->number,
		.latency_us = result->latency_us,
		.best = (uint16_t)best,
		.score = result->output[best],
		.late = result->late,
	};
	const int status = zbus_chan_pub(service->channel, &message, K_NO_WAIT);

	if (status != 0) {
		LOG_WRN("%s: result %u not published (%d)", service->name, result->number, status);
	}
#else
	ARG_UNUSED(service);
	ARG_UNUSED(result);
#endif
}

static void count(const struct mlforge_service *service, const struct mlforge_result *result)
{
	struct mlforge_stats *stats = &service->state->stats;

	stats->inferences++;
	stats->worst_inference_us = MAX(stats->worst_inference_us, result->inference_us);
	stats->worst_latency_us = MAX(stats->worst_latency_us, result->latency_us);
	if (result->late) {
		stats->late++;
		if (worth_a_line(stats->late)) {
			LOG_WRN("%s: late, %u so far: %u us, deadline %u us", service->name, stats->late,
				result->latency_us, service->instance->deadline_us);
		}
	}
}

/* Features and model on one message; true when there is a result. */
static bool step(const struct mlforge_instance *instance, const void *message)
{
	if (instance->features) {
		return mlforge_push(instance, message);
	}
	memcpy(mlforge_input(instance, 0), message, instance->model->inputs[0].bytes);
	mlforge_infer(instance);
	return true;
}

static void deliver(const struct mlforge_service *service, uint32_t submitted_cycles, uint32_t started_cycles)
{
	const struct mlforge_instance *instance = service->instance;
	const uint32_t now = k_cycle_get_32();
	const uint32_t latency_us = k_cyc_to_us_ceil32(now - submitted_cycles);
	const struct mlforge_result result = {
		.instance = instance,
		.output = mlforge_output(instance, 0),
		.number = service->state->stats.inferences,
		.inference_us = k_cyc_to_us_ceil32(now - started_cycles),
		.latency_us = latency_us,
		.late = instance->deadline_us != 0 && latency_us > instance->deadline_us,
	};
	struct mlforge_listener *listener;

	count(service, &result);
	SYS_SLIST_FOR_EACH_CONTAINER(&service->state->listeners, listener, node) {
		listener->result(&result, listener->user_data);
	}
	publish(service, &result);
}

void mlforge_service_thread(void *argument, void *unused1, void *unused2)
{
	const struct mlforge_service *service = argument;

	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	for (;;) {
		const struct mlforge_slot *slot = mlforge_queue_take(service->queue);

		(void)k_mutex_lock(&service->state->lock, K_FOREVER);
		const uint32_t started_cycles = k_cycle_get_32();

		if (step(service->instance, mlforge_slot_message(slot))) {
			deliver(service, slot->submitted_cycles, started_cycles);
		}
		k_mutex_unlock(&service->state->lock);
		mlforge_queue_release(service->queue);
	}
}

int mlforge_service_submit(const struct mlforge_service *service, const void *message, k_timeout_t timeout)
{
	const int status = mlforge_queue_put(service->queue, message, timeout);

	if (status != 0) {
		const uint32_t refused = (uint32_t)atomic_inc(&service->state->refused) + 1;

		if (worth_a_line(refused)) {
			LOG_WRN("%s: queue full, frame refused, %u so far", service->name, refused);
		}
	}
	return status;
}

int mlforge_service_infer(const struct mlforge_service *service, const int8_t *input, int8_t *output,
			  k_timeout_t timeout)
{
	const struct mlforge_instance *instance = service->instance;

	if (k_mutex_lock(&service->state->lock, timeout) != 0) {
		return -EBUSY;
	}
	memcpy(mlforge_input(instance, 0), input, instance->model->inputs[0].bytes);
	mlforge_infer(instance);
	memcpy(output, mlforge_output(instance, 0), instance->model->outputs[0].bytes);
	k_mutex_unlock(&service->state->lock);
	return 0;
}

void mlforge_service_listen(const struct mlforge_service *service, struct mlforge_listener *listener)
{
	struct mlforge_service_state *state = service->state;

	(void)k_mutex_lock(&state->lock, K_FOREVER);
	(void)sys_slist_find_and_remove(&state->listeners, &listener->node);
	sys_slist_append(&state->listeners, &listener->node);
	k_mutex_unlock(&state->lock);
}

void mlforge_service_restart(const struct mlforge_service *service)
{
	(void)k_mutex_lock(&service->state->lock, K_FOREVER);
	mlforge_reset(service->instance);
	k_mutex_unlock(&service->state->lock);
}

#ifdef CONFIG_MLFORGE_STATS
void mlforge_service_stats(const struct mlforge_service *service, struct mlforge_stats *stats)
{
	size_t unused = 0;

	(void)k_mutex_lock(&service->state->lock, K_FOREVER);
	*stats = service->state->stats;
	k_mutex_unlock(&service->state->lock);
	(void)k_thread_stack_space_get(*service->thread, &unused);
	stats->refused = (uint32_t)atomic_get(&service->state->refused);
	stats->deadline_us = service->instance->deadline_us;
	stats->arena_bytes = service->instance->model->arena_bytes;
	stats->stack_bytes = service->stack_bytes;
	stats->stack_unused_bytes = (uint32_t)unused;
}

void mlforge_service_reset_stats(const struct mlforge_service *service)
{
	(void)k_mutex_lock(&service->state->lock, K_FOREVER);
	service->state->stats = (struct mlforge_stats){0};
	k_mutex_unlock(&service->state->lock);
	(void)atomic_clear(&service->state->refused);
}
#endif
