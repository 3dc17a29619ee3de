/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of the release. What interrupts and fatal errors ask for is atomic, the rest under a
 * spinlock; the monitor has a mutex, which a thread may take more than once.
 */
#include <zephyr/kernel.h>
#include <zephyr/sys/atomic.h>
#ifdef CONFIG_MLFORGE_SERVICE
#include <mlforge/service.h>
#endif

#include "clock.h"
#include "state.h"

static K_MUTEX_DEFINE(release_mutex);
static struct k_spinlock release_lock;
static atomic_t release_state = ATOMIC_INIT(MLFORGE_BUNDLE_UNCHECKED);
static atomic_t release_confirmed = ATOMIC_INIT(1);
static struct mlforge_bundle_status release_status; /* but for the two above */
static uint32_t release_late;
static uint32_t release_worst_us;

void mlforge_set_state(enum mlforge_bundle_state state, struct mlforge_finding finding)
{
	const k_spinlock_key_t key = k_spin_lock(&release_lock);

	release_status.finding = finding;
	(void)atomic_set(&release_state, state);
	k_spin_unlock(&release_lock, key);
}

enum mlforge_bundle_state mlforge_bundle_state(void)
{
	return (enum mlforge_bundle_state)atomic_get(&release_state);
}

void mlforge_set_confirmed(bool confirmed)
{
	(void)atomic_set(&release_confirmed, confirmed);
}

bool mlforge_confirmed(void)
{
	return atomic_get(&release_confirmed) != 0;
}

void mlforge_set_failed(const struct mlforge_failed *failed)
{
	const k_spinlock_key_t key = k_spin_lock(&release_lock);

	release_status.failed = *failed;
	k_spin_unlock(&release_lock, key);
}

void mlforge_set_self_test_us(uint32_t worst_us)
{
	const k_spinlock_key_t key = k_spin_lock(&release_lock);

	release_status.self_test_us = worst_us;
	k_spin_unlock(&release_lock, key);
}

void mlforge_bundle_status(struct mlforge_bundle_status *status)
{
	const k_spinlock_key_t key = k_spin_lock(&release_lock);

	*status = release_status;
	status->state = mlforge_bundle_state();
	status->confirmed = mlforge_confirmed();
	k_spin_unlock(&release_lock, key);
}

void mlforge_bundle_lock(void)
{
	(void)k_mutex_lock(&release_mutex, K_FOREVER);
}

void mlforge_bundle_unlock(void)
{
	(void)k_mutex_unlock(&release_mutex);
}

bool mlforge_bundle_infer(const struct mlforge_supervisor *supervisor)
{
	const struct mlforge_moment started = mlforge_now();
	const bool done = mlforge_monitor_infer(supervisor);
	const uint32_t took_us = mlforge_elapsed_us(started, mlforge_now());
	const uint32_t deadline_us = mlforge_bundle_monitor.instance->deadline_us;

	mlforge_bundle_lock();
	release_worst_us = MAX(release_worst_us, done ? took_us : 0);
	release_late += done && deadline_us != 0 && took_us > deadline_us;
	mlforge_bundle_unlock();
	return done;
}

void mlforge_bundle_forget(const struct mlforge_supervisor *supervisor)
{
	ARG_UNUSED(supervisor);
	mlforge_monitor_forget(&mlforge_bundle_monitor);
}

struct mlforge_counts mlforge_release_counts(void)
{
	mlforge_bundle_lock();
	struct mlforge_counts counts = {.late = release_late,
					.worst_inference_us = release_worst_us};

	mlforge_bundle_unlock();
#ifdef CONFIG_MLFORGE_STATS
	struct mlforge_stats stats;

	mlforge_service_stats(mlforge_release.service, &stats);
	counts = (struct mlforge_counts){stats.late, stats.refused,
					 MAX(stats.worst_inference_us, counts.worst_inference_us)};
#endif
	return counts;
}

void mlforge_telemetry_reset(void)
{
	mlforge_bundle_lock();
	release_late = 0;
	release_worst_us = 0;
	mlforge_monitor_reset(&mlforge_bundle_monitor);
	mlforge_bundle_unlock();
#ifdef CONFIG_MLFORGE_STATS
	mlforge_service_reset_stats(mlforge_release.service);
#endif
}
