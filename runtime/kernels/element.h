/* SPDX-License-Identifier: Apache-2.0
 *
 * What kernels are written in that exist for int8 and int16. The file of an int16 kernel includes element_s16.h and
 * then that of the int8 kernel. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_ELEMENT_H_
#define MLFORGE_KERNELS_ELEMENT_H_

#include "arithmetic.h"

#ifndef ELEMENT
#define ELEMENT int8_t         /* of activations */
#define ARGUMENT int8_t        /* what the public declarations point to */
#define KERNEL(name) name##_s8 /* the public name */
#define FINISH mlforge_finish
#endif

#endif /* MLFORGE_KERNELS_ELEMENT_H_ */
