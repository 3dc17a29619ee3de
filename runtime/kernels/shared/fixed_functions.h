/* SPDX-License-Identifier: Apache-2.0
 *
 * The exponential, the logarithm and the like in fixed point: the algorithms of gemmlowp's
 * fixedpoint.h (see "exp_on_negative_values" and "one_over_one_plus_x_for_x_in_0_1" there), which
 * the reference uses. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_FIXED_FUNCTIONS_H_
#define MLFORGE_KERNELS_FIXED_FUNCTIONS_H_

#include "arithmetic.h"

/* exp(a) in Q0.31 for a <= 0 in Q5.26. */
int32_t mlforge_exp_of_negative(int32_t a);

/* 1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31. */
int32_t mlforge_reciprocal_of_one_plus(int32_t x);

/* log(x) in Q5.26 for x >= 1 in Q12.19 ("log_x_for_x_greater_than_or_equal_to_1_impl" of the
 * reference, kernels/internal/common.h). */
int32_t mlforge_log_of_sum(int32_t x);

/* 1 / sqrt(x) for x >= 1, and 1 for 0: the result divided by 2^(31 + right), right at least 0
 * ("GetInvSqrtQuantizedMultiplierExp" there). */
int32_t mlforge_inverse_square_root(int32_t x, int32_t *right);

/* x is not 0. */
int32_t mlforge_leading_zeros(uint32_t x);

#endif /* MLFORGE_KERNELS_FIXED_FUNCTIONS_H_ */
