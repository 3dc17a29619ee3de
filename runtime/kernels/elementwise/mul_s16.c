/* SPDX-License-Identifier: Apache-2.0
 *
 * MUL of int16.
 */
#include "kernels/shared/element_s16.h"

#include "mul.c"
