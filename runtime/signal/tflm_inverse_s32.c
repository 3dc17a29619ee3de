/* SPDX-License-Identifier: Apache-2.0
 *
 * Kiss FFT's inverse transform of 32 bits.
 */
#include "tflm_fourier_s32.h"

#include "tflm_inverse.c"
