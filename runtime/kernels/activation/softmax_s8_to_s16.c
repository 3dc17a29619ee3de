/* SPDX-License-Identifier: Apache-2.0
 *
 * SOFTMAX from int8 to int16, in fixed point.
 */
#include "kernels/shared/arithmetic.h"
#include "softmax.h"

void mlforge_softmax_s8_to_s16(const struct mlforge_softmax *op, const int8_t *input, void *output)
{
	int16_t *to = output;
	for (uint32_t row = 0; row < op->rows; row++) {
		const struct mlforge_shares shares = mlforge_softmax_shares(op, input, 16);

		for (uint32_t c = 0; c < op->depth; c++) {
			const int32_t share = mlforge_softmax_share(op, &shares, input[c]);

			to[c] = (int16_t)mlforge_clamp(share + INT16_MIN, INT16_MIN, INT16_MAX);
		}
		input += op->depth;
		to += op->depth;
	}
}
