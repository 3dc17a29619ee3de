/* SPDX-License-Identifier: Apache-2.0
 *
 * Types of samples, and from one to the other. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_SAMPLES_H_
#define MLFORGE_FEATURES_SAMPLES_H_

#include "mlforge/features.h"

static inline uint32_t mlforge_sample_bytes(enum mlforge_samples samples)
{
	return samples == MLFORGE_SAMPLES_INT16 ? sizeof(int16_t) : sizeof(int32_t);
}

/* `count` values of the other type than `from` to `to`; int32 saturates. */
void mlforge_convert_samples(const void *values, enum mlforge_samples from, uint32_t count,
			     void *to);

#endif /* MLFORGE_FEATURES_SAMPLES_H_ */
