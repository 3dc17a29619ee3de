/* SPDX-License-Identifier: Apache-2.0
 *
 * Thresholds with a gap between beginning and end, and a change only after some windows in a row.
 */
#include "decision/settle.h"

struct limits {
	int8_t enter;
	int8_t leave;
};

static struct limits limits_of(const int8_t *thresholds, uint32_t index)
{
	if (thresholds == NULL) {
		return (struct limits){INT8_MIN, INT8_MIN};
	}
	return (struct limits){thresholds[2 * index], thresholds[2 * index + 1]};
}

int32_t mlforge_propose(int32_t now, const int8_t *thresholds, const uint8_t *silent,
			const int8_t *scores, uint32_t classes)
{
	const bool stays = now >= 0 && scores[now] >= limits_of(thresholds, (uint32_t)now).leave;
	int32_t best = stays ? now : MLFORGE_NO_DECISION;

	for (uint32_t i = 0; i < classes; i++) {
		const bool may = silent == NULL || silent[i] != 0;
		const bool begins = may && scores[i] >= limits_of(thresholds, i).enter;

		if (begins && (best < 0 || scores[i] > scores[best])) {
			best = (int32_t)i;
		}
	}
	return best;
}

void mlforge_settle(struct mlforge_decider *decider, int32_t proposed, uint32_t consecutive)
{
	if (proposed != decider->proposed) {
		decider->in_a_row = 0;
	}
	decider->proposed = proposed;
	decider->in_a_row += decider->in_a_row < consecutive;
	if (decider->in_a_row >= consecutive) {
		decider->decision = proposed;
	}
}

void mlforge_decider_begin(struct mlforge_decider *decider, int32_t none)
{
	*decider = (struct mlforge_decider){
		.begun = true,
		.decision = none,
		.proposed = none,
		.event = MLFORGE_NO_DECISION,
	};
}
