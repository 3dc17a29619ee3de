/* SPDX-License-Identifier: Apache-2.0
 *
 * What the services have counted: read by C, and now and then by the log.
 */
#include <mlforge/service.h>
#include <zephyr/init.h>
#include <zephyr/logging/log.h>

#ifdef CONFIG_MLFORGE_SENSOR
#include <mlforge/sensor.h>
#endif

#include "queue.h"
#include "stream.h"

LOG_MODULE_DECLARE(mlforge, CONFIG_MLFORGE_LOG_LEVEL);

void mlforge_service_stats(const struct mlforge_service *service, struct mlforge_stats *stats)
{
	size_t unused = 0;
	const k_spinlock_key_t key = k_spin_lock(&service->state->stats_lock);

	*stats = service->state->stats;
	k_spin_unlock(&service->state->stats_lock, key);
	mlforge_queue_stats(service->queue, stats);
	mlforge_stream_stats(service, stats);
	(void)k_thread_stack_space_get(*service->thread, &unused);
	stats->deadline_us = service->instance->deadline_us;
	stats->arena_bytes = service->instance->model->arena_bytes;
	stats->stack_bytes = service->stack_bytes;
	stats->stack_unused_bytes = (uint32_t)unused;
}

void mlforge_service_reset_stats(const struct mlforge_service *service)
{
	const k_spinlock_key_t key = k_spin_lock(&service->state->stats_lock);

	service->state->stats = (struct mlforge_stats){0};
	k_spin_unlock(&service->state->stats_lock, key);
	mlforge_queue_reset_stats(service->queue);
	mlforge_stream_reset_stats(service);
}

void mlforge_service_log_stats(const struct mlforge_service *service)
{
	struct mlforge_stats now;

	mlforge_service_stats(service, &now);
	LOG_INF("%s: inferences %u, late %u, skipped %u; worst latency %u us, deadline %u us, "
		"worst inference %u us",
		service->name, now.inferences, now.late, now.skipped, now.worst_latency_us,
		now.deadline_us, now.worst_inference_us);
	LOG_INF("%s: frames %u, refused %u, most queued %u of %u; arena %u bytes, stack %u of %u "
		"bytes used",
		service->name, now.submitted, now.refused, now.most_queued, now.queue_length,
		now.arena_bytes, now.stack_bytes - now.stack_unused_bytes, now.stack_bytes);
}

#if CONFIG_MLFORGE_STATS_LOG_INTERVAL_S > 0
static void stats_log_all(struct k_work *work)
{
	STRUCT_SECTION_FOREACH(mlforge_service, service) {
		mlforge_service_log_stats(service);
	}
#ifdef CONFIG_MLFORGE_SENSOR
	STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
		mlforge_sensor_log_stats(sensor);
	}
#endif
	(void)k_work_schedule(k_work_delayable_from_work(work),
			      K_SECONDS(CONFIG_MLFORGE_STATS_LOG_INTERVAL_S));
}

static K_WORK_DELAYABLE_DEFINE(stats_log_work, stats_log_all);

static int stats_begin(void)
{
	(void)k_work_schedule(&stats_log_work, K_SECONDS(CONFIG_MLFORGE_STATS_LOG_INTERVAL_S));
	return 0;
}
SYS_INIT(stats_begin, APPLICATION, CONFIG_APPLICATION_INIT_PRIORITY);
#endif
