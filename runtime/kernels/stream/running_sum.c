/* SPDX-License-Identifier: Apache-2.0
 *
 * MEAN and SUM over the columns of a window that moves on.
 */
#include "kernels/shared/arithmetic.h"
#include "running_sums.h"

void mlforge_running_sum_s8(const struct mlforge_running_sum *op, const int8_t *input, void *state,
			    int8_t *output)
{
	const int32_t *sums = mlforge_running_sums(&op->sums, input, state);

	for (uint32_t c = op->sums.channels; c > 0; c--) {
		*output++ =
			mlforge_finish(*sums++ + op->offset, op->multiplier, op->shift, &op->stage);
	}
}
