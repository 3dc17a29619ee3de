/* SPDX-License-Identifier: Apache-2.0
 *
 * PRELU of int16.
 */
#include "kernels/shared/element_s16.h"

#include "prelu.c"
