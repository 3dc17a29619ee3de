/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples of the signal, of either type. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_SIGNAL_H_
#define MLFORGE_FEATURES_SIGNAL_H_

#include "mlforge/features.h"

static inline int32_t mlforge_sample(const void *samples, uint8_t type, uint32_t index)
{
	return type == MLFORGE_SAMPLES_INT16 ? ((const int16_t *)samples)[index]
					     : ((const int32_t *)samples)[index];
}

/* value * 2^left, rounded down; the result fits, left is -31 .. 31. */
static inline int32_t mlforge_shifted(int32_t value, int32_t left)
{
	return left < 0 ? value >> -left : (int32_t)((uint32_t)value << left);
}

#endif /* MLFORGE_FEATURES_SIGNAL_H_ */
