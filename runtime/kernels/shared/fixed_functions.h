/* SPDX-License-Identifier: Apache-2.0
 *
 * The exponential and the reciprocal in fixed point: the algorithms of gemmlowp's fixedpoint.h (see
 * "exp_on_negative_values" and "one_over_one_plus_x_for_x_in_0_1" there), which the reference uses.
 * Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_FIXED_FUNCTIONS_H_
#define MLFORGE_KERNELS_FIXED_FUNCTIONS_H_

#include "arithmetic.h"

/* exp(a) in Q0.31 for a <= 0 in Q5.26. */
int32_t mlforge_exp_of_negative(int32_t a);

/* 1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31. */
int32_t mlforge_reciprocal_of_one_plus(int32_t x);

/* x is not 0. */
int32_t mlforge_leading_zeros(uint32_t x);

#endif /* MLFORGE_KERNELS_FIXED_FUNCTIONS_H_ */
