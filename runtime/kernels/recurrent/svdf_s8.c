/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF with a state of int8. As in the reference, a value of the state is clamped before the zero
 * point is added, and wraps at 8 bits then.
 */
#include "svdf.h"

void mlforge_svdf_s8(const struct mlforge_svdf *op, const int8_t *input, void *state,
		     int8_t *output)
{
	const uint32_t memory = op->memory, filters = (uint32_t)op->units * op->rank;
	const uint32_t weighed = op->rank * memory;
	const int8_t *weights = op->time_weights;
	int8_t *remembered = state;

	memmove(remembered, remembered + 1, filters * memory - 1);
	for (uint32_t filter = 0; filter < filters; filter += MLFORGE_SVDF_FILTERS) {
		const uint32_t left = filters - filter;
		const uint32_t count = left < MLFORGE_SVDF_FILTERS ? left : MLFORGE_SVDF_FILTERS;
		int32_t values[MLFORGE_SVDF_FILTERS];

		mlforge_svdf_features(op, input, filter, count, INT8_MIN, INT8_MAX, values);
		for (uint32_t i = 0; i < count; i++) {
			remembered[(filter + i + 1) * memory - 1] = (int8_t)values[i];
		}
	}
	for (uint32_t unit = 0; unit < op->units; unit++) {
		const int32_t sum =
			mlforge_dot_1x1(remembered, weights, (int32_t)weighed, op->bias[unit]);

		remembered += weighed;
		weights += weighed;
		output[unit] = mlforge_finish(sum, op->multiplier, op->shift, &op->stage);
	}
}
