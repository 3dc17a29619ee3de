/* SPDX-License-Identifier: Apache-2.0
 *
 * What decisions of streams and of releases share.
 */
#ifndef MLFORGE_DECISION_SETTLE_H_
#define MLFORGE_DECISION_SETTLE_H_

#include "mlforge/decision.h"

/* No decision but `none`, and nothing proposed. */
void mlforge_decider_begin(struct mlforge_decider *decider, int32_t none);

/* What a window proposes by thresholds [classes][2] (NULL: every score is enough), where `now` is
 * decided for. `silent` [classes], unless NULL: only classes that it names may begin. */
int32_t mlforge_propose(int32_t now, const int8_t *thresholds, const uint8_t *silent,
			const int8_t *scores, uint32_t classes);

/* A proposal becomes the decision after so many windows in a row. */
void mlforge_settle(struct mlforge_decider *decider, int32_t proposed, uint32_t consecutive);

#endif /* MLFORGE_DECISION_SETTLE_H_ */
