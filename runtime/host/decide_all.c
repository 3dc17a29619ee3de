/* SPDX-License-Identifier: Apache-2.0
 *
 * The scores of a whole recording at once, for the host: streams are judged by the very code that
 * the target runs.
 */
#include "mlforge/decision.h"
#include "mlforge/drift.h"

void mlforge_decide_all(const struct mlforge_decision *decision, const int8_t *scores,
			uint32_t windows, int32_t *events)
{
	mlforge_decision_reset(decision);
	for (uint32_t i = 0; i < windows; i++) {
		events[i] = mlforge_decide(decision, &scores[i * decision->classes]);
	}
}

void mlforge_levels_all(float given_scale, int32_t given_zero, const int8_t *given,
			float made_scale, int32_t made_zero, const int8_t *made, uint32_t bytes,
			uint32_t windows, int8_t *levels)
{
	const struct mlforge_tensor input = {
		.bytes = bytes, .scale = given_scale, .zero_point = given_zero};
	const struct mlforge_tensor output = {
		.bytes = bytes, .scale = made_scale, .zero_point = made_zero};

	for (uint32_t i = 0; i < windows; i++) {
		levels[i] = mlforge_error_level(
			mlforge_error_q16(&input, &given[i * bytes], &output, &made[i * bytes]));
	}
}
