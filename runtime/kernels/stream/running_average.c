/* SPDX-License-Identifier: Apache-2.0
 *
 * AVERAGE_POOL_2D of a whole window that moves on.
 */
#include "kernels/shared/arithmetic.h"
#include "running_sums.h"

void mlforge_running_average_s8(const struct mlforge_running_average *op, const int8_t *input,
				void *state, int8_t *output)
{
	const int32_t *sums = mlforge_running_sums(&op->sums, input, state);

	for (uint32_t c = op->sums.channels; c > 0; c--) {
		const int32_t mean = mlforge_rounded_quotient(*sums++, op->count);

		*output++ = (int8_t)mlforge_clamp(mean, op->low, op->high);
	}
}
