/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF for a state of either type. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_SVDF_H_
#define MLFORGE_KERNELS_SVDF_H_

#include <string.h>

#include "kernels/shared/dot.h"

#define MLFORGE_SVDF_FILTERS 4

/* What filter `first` and those behind it make of the input, as values of the state: as many as
 * there are left, at most MLFORGE_SVDF_FILTERS. */
static inline void mlforge_svdf_features(const struct mlforge_svdf *op, const int8_t *input,
					 uint32_t first, uint32_t left, int32_t low, int32_t high,
					 int32_t values[MLFORGE_SVDF_FILTERS])
{
	const int8_t *weights = op->feature_weights + first * op->inputs;
	const uint32_t count = left < MLFORGE_SVDF_FILTERS ? left : MLFORGE_SVDF_FILTERS;

	for (uint32_t i = 0; i < count; i++) {
		values[i] = op->feature_bias[first + i];
	}
	if (count == MLFORGE_SVDF_FILTERS) {
		mlforge_dot_1x4(input, weights, op->inputs, values);
	} else {
		for (uint32_t i = 0; i < count; i++) {
			values[i] = mlforge_dot_1x1(input, weights, op->inputs, values[i]);
			weights += op->inputs;
		}
	}
	for (uint32_t i = 0; i < count; i++) {
		const int32_t value =
			mlforge_requantise(values[i], op->feature_multiplier, op->feature_shift);

		values[i] = mlforge_clamp(value, low, high) + op->state_zero_point;
	}
}

#endif /* MLFORGE_KERNELS_SVDF_H_ */
