/* SPDX-License-Identifier: Apache-2.0
 *
 * SQUARED_DIFFERENCE of int16.
 */
#include "kernels/shared/element_s16.h"

#include "squared_difference.c"
