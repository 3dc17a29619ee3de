/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of many int8, four channels at a time. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_DSP_SUMS_H_
#define MLFORGE_KERNELS_DSP_SUMS_H_

#include <stdint.h>

/* A rectangle of a picture: at least one pixel, at most 2^22. */
struct mlforge_dsp_area {
	int32_t height;
	int32_t width;
	int32_t step;      /* bytes from a pixel to the next in its row */
	int32_t row_bytes; /* from a row to the next */
};

/* The sums of the four channels from `corner` on. */
void mlforge_dsp_sum_of_four(const struct mlforge_dsp_area *area, const int8_t *corner,
			     int32_t sums[4]);

#endif /* MLFORGE_KERNELS_DSP_SUMS_H_ */
