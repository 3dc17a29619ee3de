/* SPDX-License-Identifier: Apache-2.0
 *
 * The scores of a whole recording at once, for the host: streams are judged by the very code that
 * the target runs.
 */
#include "mlforge/decision.h"

void mlforge_decide_all(const struct mlforge_decision *decision, const int8_t *scores,
			uint32_t windows, int32_t *events)
{
	mlforge_decision_reset(decision);
	for (uint32_t i = 0; i < windows; i++) {
		events[i] = mlforge_decide(decision, &scores[i * decision->classes]);
	}
}
