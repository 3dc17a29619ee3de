/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the files of the monitor alone. The lock is held in all of these.
 */
#ifndef MLFORGE_MONITOR_MONITOR_H_
#define MLFORGE_MONITOR_MONITOR_H_

#include "mlforge/monitor.h"

static inline const struct mlforge_monitor *
mlforge_monitor_of(const struct mlforge_supervisor *supervisor)
{
	return (const struct mlforge_monitor *)supervisor;
}

static inline void mlforge_monitor_lock(const struct mlforge_monitor *monitor)
{
	if (monitor->lock != NULL) {
		monitor->lock();
	}
}

static inline void mlforge_monitor_unlock(const struct mlforge_monitor *monitor)
{
	if (monitor->unlock != NULL) {
		monitor->unlock();
	}
}

/* What a window proposes, and what it therefore comes to; by the contract's `decision` unless NULL.
 */
void mlforge_monitor_decide(struct mlforge_decider *decider,
			    const struct mlforge_thresholds *thresholds,
			    const struct mlforge_decision *decision, uint8_t task,
			    const int8_t *scores, uint32_t classes, uint32_t error_q16);

#define MLFORGE_MONITOR_UNITY 65536 /* a gain of 1 */

static inline bool mlforge_corrects_nothing(struct mlforge_correction correction)
{
	return correction.offset == 0 && correction.gain == MLFORGE_MONITOR_UNITY;
}

/* A corrected value, rounded to nearest with ties away from zero, saturated. */
int32_t mlforge_correct(int32_t value, struct mlforge_correction correction);

#endif /* MLFORGE_MONITOR_MONITOR_H_ */
