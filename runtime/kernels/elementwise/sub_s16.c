/* SPDX-License-Identifier: Apache-2.0
 *
 * SUB of int16.
 */
#include "kernels/shared/element_s16.h"

#include "sub.c"
