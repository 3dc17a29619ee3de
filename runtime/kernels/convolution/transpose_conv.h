/* SPDX-License-Identifier: Apache-2.0
 *
 * Which input pixels reach an output pixel of TRANSPOSE_CONV. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_TRANSPOSE_CONV_H_
#define MLFORGE_KERNELS_TRANSPOSE_CONV_H_

#include <stdint.h>

/* The taps of one axis that reach an output position: `tap`, tap + stride, … below `taps`, which
 * read input `position`, position - 1, … as far as that is inside. */
struct mlforge_reach {
	int32_t tap;
	int32_t position;
	int32_t count;
};

static inline struct mlforge_reach mlforge_reach_of(int32_t shifted, int32_t stride, int32_t taps,
						    int32_t size)
{
	struct mlforge_reach reach = {
		.tap = shifted % stride, .position = shifted / stride, .count = 0};

	if (reach.position >= size) {
		reach.tap += (reach.position - size + 1) * stride;
		reach.position = size - 1;
	}
	if (reach.tap < taps) {
		const int32_t left = (taps - 1 - reach.tap) / stride + 1;

		reach.count = left < reach.position + 1 ? left : reach.position + 1;
	}
	return reach;
}

#endif /* MLFORGE_KERNELS_TRANSPOSE_CONV_H_ */
