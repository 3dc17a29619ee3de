/* SPDX-License-Identifier: Apache-2.0
 *
 * See tflm_fourier.h.
 */
#ifndef MLFORGE_SIGNAL_TFLM_FOURIER_S32_H_
#define MLFORGE_SIGNAL_TFLM_FOURIER_S32_H_

#include <stdint.h>

#define MLFORGE_FOURIER(name) mlforge_tflm_##name##_s32
#define MLFORGE_SAMPLE        int32_t
#define MLFORGE_MODULO        uint32_t
#define MLFORGE_WIDE          int64_t
#define MLFORGE_FRACTION      31
#define MLFORGE_LARGEST       INT32_MAX

/* The sum wraps, as it does in 32 bits. */
static inline int64_t mlforge_tflm_half(int64_t sum)
{
	return (int32_t)(uint32_t)sum >> 1;
}

#endif /* MLFORGE_SIGNAL_TFLM_FOURIER_S32_H_ */
