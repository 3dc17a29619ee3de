/* SPDX-License-Identifier: Apache-2.0
 *
 * Decisions: thresholds with a gap between beginning and end, and a change only after some windows
 * in a row.
 */
#include "monitor.h"

struct limits {
	int8_t enter;
	int8_t leave;
};

/* Without thresholds every score is enough. */
static struct limits limits_of(const struct mlforge_thresholds *thresholds, uint32_t index)
{
	if (thresholds->data == NULL) {
		return (struct limits){INT8_MIN, INT8_MIN};
	}
	return (struct limits){(int8_t)thresholds->data[2 * index],
			       (int8_t)thresholds->data[2 * index + 1]};
}

static int32_t propose_class(int32_t now, const struct mlforge_thresholds *thresholds,
			     const int8_t *scores, uint32_t classes)
{
	const bool stays = now >= 0 && scores[now] >= limits_of(thresholds, (uint32_t)now).leave;
	int32_t best = stays ? now : MLFORGE_NO_DECISION;

	for (uint32_t i = 0; i < classes; i++) {
		const bool begins = scores[i] >= limits_of(thresholds, i).enter;

		if (begins && (best < 0 || scores[i] > scores[best])) {
			best = (int32_t)i;
		}
	}
	return best;
}

static int32_t propose_alarm(int32_t now, const struct mlforge_thresholds *thresholds,
			     uint32_t error_q16)
{
	if (thresholds->data == NULL) {
		return 0;
	}
	return error_q16 >= mlforge_u32(&thresholds->data[now == 1 ? 4 : 0]);
}

void mlforge_decide(struct mlforge_decider *decider, const struct mlforge_thresholds *thresholds,
		    uint8_t task, const int8_t *scores, uint32_t classes, uint32_t error_q16)
{
	const uint32_t hysteresis = thresholds->data == NULL ? 1 : thresholds->hysteresis;
	int32_t proposed = MLFORGE_NO_DECISION;

	if (task == MLFORGE_TASK_CLASSIFICATION) {
		proposed = propose_class(decider->decision, thresholds, scores, classes);
	} else if (task == MLFORGE_TASK_ANOMALY) {
		proposed = propose_alarm(decider->decision, thresholds, error_q16);
	}
	if (proposed != decider->proposed) {
		decider->in_a_row = 0;
	}
	decider->proposed = proposed;
	decider->in_a_row += decider->in_a_row < hysteresis;
	if (decider->in_a_row >= hysteresis) {
		decider->decision = proposed;
	}
}
