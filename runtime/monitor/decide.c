/* SPDX-License-Identifier: Apache-2.0
 *
 * Decisions by the thresholds of a bundle. A model whose contract has a `decision` decides with it,
 * by the bundle's thresholds; an autoencoder by those of its decision, which are found on streams.
 */
#include "decision/settle.h"
#include "monitor.h"

static int32_t mlforge_decide_propose_alarm(int32_t now,
					    const struct mlforge_thresholds *thresholds,
					    uint32_t error_q16)
{
	if (thresholds->data == NULL) {
		return 0;
	}
	return error_q16 >= mlforge_u32(&thresholds->data[now == 1 ? 4 : 0]);
}

static int32_t mlforge_decide_propose(const struct mlforge_decider *decider,
				      const struct mlforge_thresholds *thresholds, uint8_t task,
				      const int8_t *scores, uint32_t classes, uint32_t error_q16)
{
	if (task == MLFORGE_TASK_CLASSIFICATION) {
		return mlforge_propose(decider->decision, (const int8_t *)thresholds->data, NULL,
				       scores, classes);
	}
	return task == MLFORGE_TASK_ANOMALY
		       ? mlforge_decide_propose_alarm(decider->decision, thresholds, error_q16)
		       : MLFORGE_NO_DECISION;
}

void mlforge_monitor_decide(struct mlforge_decider *decider,
			    const struct mlforge_thresholds *thresholds,
			    const struct mlforge_decision *decision, uint8_t task,
			    const int8_t *scores, uint32_t classes, uint32_t error_q16)
{
	const uint32_t hysteresis = thresholds->data == NULL ? 1 : thresholds->hysteresis;

	if (decision != NULL && task == MLFORGE_TASK_ANOMALY) {
		const int8_t levels[] = {INT8_MIN, mlforge_error_level(error_q16)};

		(void)mlforge_decide(decision, levels);
		*decider = *decision->decider;
	} else if (decision == NULL) {
		mlforge_settle(decider,
			       mlforge_decide_propose(decider, thresholds, task, scores, classes,
						      error_q16),
			       hysteresis);
	} else if (thresholds->data == NULL) {
		(void)mlforge_decide(decision, scores);
		*decider = *decision->decider;
	} else {
		(void)mlforge_decide_by(decision, (const int8_t *)thresholds->data, hysteresis,
					scores);
		*decider = *decision->decider;
	}
}
