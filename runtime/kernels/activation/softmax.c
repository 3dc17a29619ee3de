/* SPDX-License-Identifier: Apache-2.0
 *
 * SOFTMAX from int8 to int8, in fixed point.
 */
#include "kernels/shared/arithmetic.h"
#include "softmax.h"

void mlforge_softmax_s8(const struct mlforge_softmax *op, const int8_t *input, int8_t *output)
{
	for (uint32_t row = 0; row < op->rows; row++) {
		const struct mlforge_shares shares = mlforge_softmax_shares(op, input, 8);

		for (uint32_t c = 0; c < op->depth; c++) {
			const int32_t share = mlforge_softmax_share(op, &shares, input[c]);

			output[c] = (int8_t)mlforge_clamp(share + INT8_MIN, INT8_MIN, INT8_MAX);
		}
		input += op->depth;
		output += op->depth;
	}
}
