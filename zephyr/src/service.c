/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread of a service, and inferences in turn with it. Nothing is lost silently: refused
 * frames, late results and skipped windows are counted and logged.
 */
#include <errno.h>
#ifdef CONFIG_MLFORGE_RECORD
#include <mlforge/record.h>
#endif
#include <mlforge/service.h>
#include <string.h>
#include <zephyr/logging/log.h>

#include "clock.h"
#include "gap.h"
#include "queue.h"
#include "stream.h"

LOG_MODULE_REGISTER(mlforge, CONFIG_MLFORGE_LOG_LEVEL);

/* The 1st, 2nd, 4th, 8th, ...: often enough to be seen, too seldom to make matters worse. */
static bool service_worth_a_line(uint32_t count)
{
	return IS_POWER_OF_TWO(count);
}

static void service_publish(const struct mlforge_service *service,
			    const struct mlforge_result *result)
{
#ifdef CONFIG_MLFORGE_ZBUS
	const uint32_t best =
		mlforge_argmax(result->output, service->instance->model->outputs[0].bytes);
	const struct mlforge_message message = {
		.number = result->number,
		.latency_us = result->latency_us,
		.best = (uint16_t)best,
		.score = result->output[best],
		.late = result->late,
		.gap = result->gap,
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

static void service_count(const struct mlforge_service *service,
			  const struct mlforge_result *result)
{
	struct mlforge_stats *stats = &service->state->stats;
	const k_spinlock_key_t key = k_spin_lock(&service->state->stats_lock);

	stats->inferences++;
	stats->worst_inference_us = MAX(stats->worst_inference_us, result->inference_us);
	stats->worst_latency_us = MAX(stats->worst_latency_us, result->latency_us);
	stats->late += result->late;
	const uint32_t late = stats->late;

	k_spin_unlock(&service->state->stats_lock, key);
	if (result->late && service_worth_a_line(late)) {
		LOG_WRN("%s: late, %u so far: %u us, deadline %u us (CONFIG_MLFORGE_DEADLINE_US)",
			service->name, late, result->latency_us, service->instance->deadline_us);
	}
}

static void service_count_direct(const struct mlforge_service *service, uint32_t inference_us)
{
	struct mlforge_stats *stats = &service->state->stats;
	const k_spinlock_key_t key = k_spin_lock(&service->state->stats_lock);

	stats->direct++;
	stats->worst_inference_us = MAX(stats->worst_inference_us, inference_us);
	k_spin_unlock(&service->state->stats_lock, key);
}

/* True, and counted, for a window that is too late before it has begun. A streamed model leaves
 * none out: each is built on the one before. */
static bool service_skip(const struct mlforge_service *service, struct mlforge_moment submitted)
{
	const uint32_t deadline_us = service->instance->deadline_us;

	if (!IS_ENABLED(CONFIG_MLFORGE_SERVICE_SKIP_EXPIRED) || deadline_us == 0 ||
	    service->instance->model->hop != NULL ||
	    mlforge_elapsed_us(submitted, mlforge_now()) <= deadline_us) {
		return false;
	}
	const k_spinlock_key_t key = k_spin_lock(&service->state->stats_lock);
	const uint32_t skipped = ++service->state->stats.skipped;

	k_spin_unlock(&service->state->stats_lock, key);
	if (service_worth_a_line(skipped)) {
		LOG_WRN("%s: skipped, too late to begin with, %u so far", service->name, skipped);
	}
	return true;
}

/* The inputs lie one after the other in `bytes`. */
static void service_write_inputs(const struct mlforge_instance *instance, const int8_t *bytes)
{
	const struct mlforge_model *model = instance->model;

	for (uint8_t i = 0; i < model->inputs_count; i++) {
		memcpy(mlforge_input(instance, i), bytes, model->inputs[i].bytes);
		bytes += model->inputs[i].bytes;
	}
}

static void service_read_outputs(const struct mlforge_instance *instance, int8_t *bytes)
{
	const struct mlforge_model *model = instance->model;

	for (uint8_t i = 0; i < model->outputs_count; i++) {
		memcpy(bytes, mlforge_output(instance, i), model->outputs[i].bytes);
		bytes += model->outputs[i].bytes;
	}
}

/* As it came, before anything is corrected. */
static void service_record(const struct mlforge_service *service, const int32_t *frame)
{
#ifdef CONFIG_MLFORGE_RECORD
	mlforge_record(service->instance, frame, MLFORGE_SAMPLES_INT32, 1);
#else
	ARG_UNUSED(service);
	ARG_UNUSED(frame);
#endif
}

/* A frame into the features, in turn with the stream; true when it completes a window. */
static bool service_take(const struct mlforge_service *service, const struct mlforge_slot *slot)
{
	const int32_t *frame = mlforge_slot_message(slot);

	service_record(service, frame);
	mlforge_stream_lock(service);
	if (slot->gap) {
		mlforge_gap_found(service);
	}
	const bool complete = mlforge_take(service->instance, frame);

	mlforge_gap_passed(service, 1);
	if (complete) {
		mlforge_gap_window_taken(service);
	}
	mlforge_stream_unlock(service);
	return complete;
}

/* The inputs of a window are written; true when there is a result. */
static bool service_infer(const struct mlforge_service *service, struct mlforge_result *result)
{
	result->gap = mlforge_gap_window_begins(service);
	return mlforge_infer(service->instance);
}

/* The model on a window of the stream; true when there is a result. */
static bool service_step_stream(const struct mlforge_service *service,
				struct mlforge_moment submitted, struct mlforge_result *result)
{
	int8_t *input =
		service_skip(service, submitted) ? NULL : mlforge_input(service->instance, 0);

	return mlforge_stream_read(service, input) && service_infer(service, result);
}

/* Features and model on one message; true when there is a result. */
static bool service_step(const struct mlforge_service *service, const struct mlforge_slot *slot,
			 struct mlforge_result *result)
{
	const struct mlforge_instance *instance = service->instance;

	if (instance->features && !service_take(service, slot)) {
		return false;
	}
	if (service_skip(service, slot->submitted)) {
		return false;
	}
	if (instance->features) {
		mlforge_features_read(instance->features, mlforge_input(instance, 0));
	} else {
		service_write_inputs(instance, mlforge_slot_message(slot));
	}
	return service_infer(service, result);
}

/* What an inference came to; `gap` is known. */
static void service_deliver(const struct mlforge_service *service, struct mlforge_moment submitted,
			    struct mlforge_moment started, struct mlforge_result *result)
{
	const struct mlforge_instance *instance = service->instance;
	const struct mlforge_moment now = mlforge_now();
	struct mlforge_listener *listener;
	struct mlforge_listener *next; /* a listener may take itself off the list */

	result->instance = instance;
	result->output = mlforge_output(instance, 0);
	result->number = service->state->stats.inferences;
	result->inference_us = mlforge_elapsed_us(started, now);
	result->latency_us = mlforge_elapsed_us(submitted, now);
	result->late = instance->deadline_us != 0 && result->latency_us > instance->deadline_us;
	service_count(service, result);
	SYS_SLIST_FOR_EACH_CONTAINER_SAFE(&service->state->listeners, listener, next, node) {
		listener->result(result, listener->user_data);
	}
	service_publish(service, result);
}

/* One window of the stream, or one message. */
static void service_serve(const struct mlforge_service *service)
{
	const struct mlforge_moment started = mlforge_now();
	struct mlforge_moment submitted;
	struct mlforge_result result = {0};

	if (mlforge_stream_complete(service, &submitted)) {
		if (service_step_stream(service, submitted, &result)) {
			service_deliver(service, submitted, started, &result);
		}
		return;
	}
	const struct mlforge_slot *slot = mlforge_queue_oldest(service->queue);

	if (service_step(service, slot, &result)) {
		service_deliver(service, slot->submitted, started, &result);
	}
	mlforge_queue_release(service->queue);
}

void mlforge_service_thread(void *argument, void *unused1, void *unused2)
{
	const struct mlforge_service *service = argument;

	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	for (;;) {
		mlforge_queue_wait(service->queue);
		(void)k_mutex_lock(service->state->lock, K_FOREVER);
		service_serve(service);
		k_mutex_unlock(service->state->lock);
	}
}

int mlforge_service_submit(const struct mlforge_service *service, const void *message,
			   k_timeout_t timeout)
{
	if (message == NULL) {
		return -EINVAL;
	}
	if (!mlforge_allowed(service->instance)) {
		return -EACCES;
	}
	const uint32_t refused =
		mlforge_queue_put(service->queue, message, k_is_in_isr() ? K_NO_WAIT : timeout);

	if (refused == 0) {
		return 0;
	}
	if (service_worth_a_line(refused)) {
		LOG_WRN("%s: queue full, frame refused, %u so far", service->name, refused);
	}
	return -ENOBUFS;
}

static void service_set_gap(const struct mlforge_service *service, bool gap)
{
	mlforge_queue_set_gap(service->queue, gap);
	mlforge_stream_set_gap(service, gap);
}

void mlforge_service_gap(const struct mlforge_service *service)
{
	service_set_gap(service, true);
}

int mlforge_service_infer(const struct mlforge_service *service, const int8_t *input,
			  int8_t *output, k_timeout_t timeout)
{
	const struct mlforge_instance *instance = service->instance;

	if (input == NULL || output == NULL) {
		return -EINVAL;
	}
	if (k_is_in_isr()) {
		return -EWOULDBLOCK;
	}
	if (!mlforge_allowed(instance)) {
		return -EACCES;
	}
	if (k_current_get() == *service->thread) {
		return -EDEADLK;
	}
	if (k_mutex_lock(service->state->lock, timeout) != 0) {
		return -EBUSY;
	}
	const struct mlforge_moment started = mlforge_now();

	service_write_inputs(instance, input);
	(void)mlforge_infer(instance);
	service_read_outputs(instance, output);
	service_count_direct(service, mlforge_elapsed_us(started, mlforge_now()));
	k_mutex_unlock(service->state->lock);
	return 0;
}

int mlforge_service_listen(const struct mlforge_service *service, struct mlforge_listener *listener)
{
	struct mlforge_service_state *state = service->state;

	if (listener == NULL || listener->result == NULL) {
		return -EINVAL;
	}
	(void)k_mutex_lock(state->lock, K_FOREVER);
	(void)sys_slist_find_and_remove(&state->listeners, &listener->node);
	sys_slist_append(&state->listeners, &listener->node);
	k_mutex_unlock(state->lock);
	return 0;
}

int mlforge_service_unlisten(const struct mlforge_service *service,
			     struct mlforge_listener *listener)
{
	struct mlforge_service_state *state = service->state;

	(void)k_mutex_lock(state->lock, K_FOREVER);
	const bool found = sys_slist_find_and_remove(&state->listeners, &listener->node);

	k_mutex_unlock(state->lock);
	return found ? 0 : -ENOENT;
}

void mlforge_service_restart(const struct mlforge_service *service)
{
	(void)k_mutex_lock(service->state->lock, K_FOREVER);
	mlforge_stream_lock(service);
	mlforge_reset(service->instance);
	mlforge_gap_forget(service);
	service_set_gap(service, false);
	mlforge_stream_forget(service);
	mlforge_stream_unlock(service);
	k_mutex_unlock(service->state->lock);
}
