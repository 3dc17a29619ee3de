/* SPDX-License-Identifier: Apache-2.0
 *
 * See element.h.
 */
#ifndef MLFORGE_KERNELS_ELEMENT_S16_H_
#define MLFORGE_KERNELS_ELEMENT_S16_H_

#include "arithmetic.h"

#define ELEMENT              int16_t
#define MLFORGE_ARGUMENT     void
#define MLFORGE_KERNEL(name) name##_s16

/* From an accumulator to an int16 result; `shift` carries no MLFORGE_CLAMPED. */
static inline int16_t finish(int32_t accumulator, int32_t multiplier, int32_t shift,
			     int32_t zero_point, const struct mlforge_output_stage *stage)
{
	const int32_t y = mlforge_requantise(accumulator, multiplier, shift);

	return (int16_t)(mlforge_clamp(y, stage->low, stage->high) + zero_point);
}

#endif /* MLFORGE_KERNELS_ELEMENT_S16_H_ */
