/* SPDX-License-Identifier: Apache-2.0
 *
 * Averages of scores, and what they come to. A sum of 255 int8 scores fits 16 bits.
 */
#include <string.h>

#include "decision/settle.h"

static int32_t rounded(int32_t sum, int32_t count)
{
	return sum < 0 ? -((-sum + count / 2) / count) : (sum + count / 2) / count;
}

/* Takes the window into the sums, in place of the oldest one where the ring is full. */
static void average(const struct mlforge_decision *decision, const int8_t *scores)
{
	struct mlforge_decider *decider = decision->decider;
	int8_t *slot = &decision->ring[decider->oldest * decision->classes];
	const bool full = decider->averaged == decision->smoothing;

	decider->averaged += !full;
	for (uint32_t i = 0; i < decision->classes; i++) {
		decision->sums[i] += scores[i] - (full ? slot[i] : 0);
		slot[i] = scores[i];
		decision->averages[i] =
			(int8_t)rounded(decision->sums[i], (int32_t)decider->averaged);
	}
	decider->oldest = decider->oldest + 1 == decision->smoothing ? 0 : decider->oldest + 1;
}

void mlforge_decision_reset(const struct mlforge_decision *decision)
{
	mlforge_decider_begin(decision->decider, MLFORGE_NO_DECISION);
	memset(decision->sums, 0, decision->classes * sizeof(*decision->sums));
}

int32_t mlforge_decide_by(const struct mlforge_decision *decision, const int8_t *thresholds,
			  uint32_t consecutive, const int8_t *scores)
{
	struct mlforge_decider *decider = decision->decider;

	if (!decider->begun) {
		mlforge_decision_reset(decision);
	}
	const int32_t before = decider->decision;

	average(decision, scores);
	decider->quiet -= decider->quiet > 0;
	mlforge_settle(decider,
		       mlforge_propose(before, thresholds,
				       decider->quiet > 0 ? decision->background : NULL,
				       decision->averages, decision->classes),
		       consecutive);
	decider->event = MLFORGE_NO_DECISION;
	if (decider->decision != before && decider->decision >= 0 &&
	    decision->background[decider->decision] == 0) {
		decider->event = decider->decision;
		decider->quiet = decision->refractory;
	}
	return decider->event;
}

int32_t mlforge_decide(const struct mlforge_decision *decision, const int8_t *scores)
{
	return mlforge_decide_by(decision, decision->thresholds, decision->consecutive, scores);
}
