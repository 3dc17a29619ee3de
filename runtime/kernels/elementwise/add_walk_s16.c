/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of int16.
 */
#include "kernels/shared/element_s16.h"

#include "add_walk.c"
