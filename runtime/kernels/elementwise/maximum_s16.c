/* SPDX-License-Identifier: Apache-2.0
 *
 * MAXIMUM and MINIMUM of int16.
 */
#include "kernels/shared/element_s16.h"

#include "maximum.c"
