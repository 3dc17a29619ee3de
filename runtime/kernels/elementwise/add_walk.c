/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD of two tensors of any shapes that fit each other.
 */
#include "kernels/shared/scaled_pair.h"

/* The reference's headroom. */
#define BITS (sizeof(ELEMENT) == 1 ? 20 : 15)

static int32_t combine(int32_t a, int32_t b)
{
	return a + b;
}

void MLFORGE_KERNEL(mlforge_add_walk)(const struct mlforge_scaled_pair *op,
				      const MLFORGE_ARGUMENT *input_1,
				      const MLFORGE_ARGUMENT *input_2, MLFORGE_ARGUMENT *output)
{
	mlforge_scaled_pair(op, input_1, input_2, output, BITS, combine);
}
