/* SPDX-License-Identifier: Apache-2.0
 *
 * MLFORGE_TREES of int16.
 */
#include "kernels/shared/element_s16.h"

#include "trees.c"
