/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF for a state of either type. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_SVDF_H_
#define MLFORGE_KERNELS_SVDF_H_

#include <string.h>

#include "kernels/shared/arithmetic.h"

/* What a filter makes of the input, as a value of the state. */
static inline int32_t mlforge_svdf_feature(const struct mlforge_svdf *op, const int8_t *input,
					   uint32_t filter, int32_t low, int32_t high)
{
	const int8_t *weights = op->feature_weights + filter * op->inputs;
	int32_t sum = op->feature_bias[filter];

	for (uint32_t k = 0; k < op->inputs; k++) {
		sum = mlforge_accumulate(sum, weights[k], input[k]);
	}
	return mlforge_clamp(mlforge_requantise(sum, op->feature_multiplier, op->feature_shift),
			     low, high) +
	       op->state_zero_point;
}

#endif /* MLFORGE_KERNELS_SVDF_H_ */
