/* SPDX-License-Identifier: Apache-2.0
 *
 * What kernels are written in that exist for int8 and int16. The file of an int16 kernel includes
 * element_s16.h and then that of the int8 kernel. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_ELEMENT_H_
#define MLFORGE_KERNELS_ELEMENT_H_

#include "arithmetic.h"

#ifndef ELEMENT
#define ELEMENT              int8_t    /* of activations */
#define MLFORGE_ARGUMENT     int8_t    /* what the public declarations point to */
#define MLFORGE_KERNEL(name) name##_s8 /* the public name */

/* From an accumulator to a result; `zero_point` is that of the stage, in a register. */
static inline int8_t finish(int32_t accumulator, int32_t multiplier, int32_t shift,
			    int32_t zero_point, const struct mlforge_output_stage *stage)
{
	if (shift < 0) {
		return mlforge_requantise_slow_path(accumulator, multiplier, shift, stage);
	}
	return mlforge_finish_common(accumulator, multiplier, shift, zero_point);
}
#endif

#endif /* MLFORGE_KERNELS_ELEMENT_H_ */
