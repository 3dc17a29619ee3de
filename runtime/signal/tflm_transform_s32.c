/* SPDX-License-Identifier: Apache-2.0
 *
 * Kiss FFT's transform of 32 bits.
 */
#include "tflm_fourier_s32.h"

#include "tflm_transform.c"
