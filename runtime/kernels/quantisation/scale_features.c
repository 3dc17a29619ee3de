/* SPDX-License-Identifier: Apache-2.0
 *
 * MLFORGE_SCALE_FEATURES.
 */
#include <string.h>

#include "kernels/shared/arithmetic.h"
#include "kernels/shared/whole.h"

static int32_t scaled(const struct mlforge_scale_features *op, const float *input, uint32_t i)
{
	float feature[2];

	memcpy(feature, op->features + 2 * i, sizeof(feature));
	return mlforge_whole((input[i] - feature[0]) / feature[1]);
}

void mlforge_scale_features_s8(const struct mlforge_scale_features *op, const void *input,
			       void *output)
{
	int8_t *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		to[i] = (int8_t)mlforge_clamp(scaled(op, input, i), INT8_MIN, INT8_MAX);
	}
}

void mlforge_scale_features_s16(const struct mlforge_scale_features *op, const void *input,
				void *output)
{
	int16_t *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		to[i] = (int16_t)mlforge_clamp(scaled(op, input, i), INT16_MIN, INT16_MAX);
	}
}
