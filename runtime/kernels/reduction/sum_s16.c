/* SPDX-License-Identifier: Apache-2.0
 *
 * SUM and MEAN of int16.
 */
#include "kernels/shared/element_s16.h"

#include "sum.c"
