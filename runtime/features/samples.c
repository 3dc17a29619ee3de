/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples of one type for a pipeline that takes the other.
 */
#include "features/samples.h"

static int16_t mlforge_samples_saturated(int32_t value)
{
	return value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : (int16_t)value;
}

void mlforge_convert_samples(const void *values, enum mlforge_samples from, uint32_t count,
			     void *to)
{
	for (uint32_t i = 0; i < count; i++) {
		if (from == MLFORGE_SAMPLES_INT16) {
			((int32_t *)to)[i] = ((const int16_t *)values)[i];
		} else {
			((int16_t *)to)[i] =
				mlforge_samples_saturated(((const int32_t *)values)[i]);
		}
	}
}
