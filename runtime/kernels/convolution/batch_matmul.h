/* SPDX-License-Identifier: Apache-2.0
 *
 * Which matrices BATCH_MATMUL multiplies. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_BATCH_MATMUL_H_
#define MLFORGE_KERNELS_BATCH_MATMUL_H_

#include <stdint.h>

#include "mlforge/kernels.h"

struct mlforge_matrices {
	int32_t first;
	int32_t second;
};

/* Where the matrices of result `index` begin, in elements. */
static inline struct mlforge_matrices mlforge_matrices_of(const struct mlforge_batch_matmul *op,
							  int32_t index)
{
	struct mlforge_matrices at = {0, 0};

	for (int32_t axis = MLFORGE_MATMUL_AXES - 1; axis >= 0; axis--) {
		const int32_t place = index % op->batch[axis];

		at.first += place * op->first_step[axis];
		at.second += place * op->second_step[axis];
		index /= op->batch[axis];
	}
	return at;
}

static inline int32_t mlforge_matrices_count(const struct mlforge_batch_matmul *op)
{
	int32_t count = 1;

	for (int32_t axis = 0; axis < MLFORGE_MATMUL_AXES; axis++) {
		count *= op->batch[axis];
	}
	return count;
}

#endif /* MLFORGE_KERNELS_BATCH_MATMUL_H_ */
