/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for MVE, windows of more than one vector: four windows meet four channels at a time.
 * Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_MVE_FOUR_PIXELS_H_
#define MLFORGE_KERNELS_MVE_FOUR_PIXELS_H_

#include <stdint.h>

/* The assembly knows the places of the fields, which are words there. */
struct mlforge_mve_four_pixels {
	const int8_t *windows[4]; /* 16 * vectors bytes of each can be read */
	int32_t more_vectors;     /* less one; at least one */
	const int32_t *weights;   /* the `groups` of struct mlforge_mve_conv_2d */
	int32_t keep_halves;      /* whether negative results matter */
	int32_t zero_point;
	int32_t clamp;       /* whether the range is not that of int8 */
	int8_t *output;      /* 4-byte aligned */
	int32_t groups;      /* of four channels */
	uint32_t offsets[4]; /* of the pixels from `output`; multiples of 4 */
	int8_t low[4];       /* four times the same */
	int8_t high[4];
};

/* Writes 4 * groups results for each pixel. The fields are not as they were afterwards. */
void mlforge_mve_four_pixels(struct mlforge_mve_four_pixels *tile);

#endif /* MLFORGE_KERNELS_MVE_FOUR_PIXELS_H_ */
