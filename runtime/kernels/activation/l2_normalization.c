/* SPDX-License-Identifier: Apache-2.0
 *
 * L2_NORMALIZATION.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/fixed_functions.h"

#define OUTPUT_BITS 7 /* of the output's scale */

static int32_t sum_of_squares(const struct mlforge_l2_normalization *op, const int8_t *input)
{
	int32_t sum = 0;

	for (uint32_t c = 0; c < op->depth; c++) {
		const int32_t x = input[c] - op->zero_point;

		sum += x * x;
	}
	return sum;
}

void mlforge_l2_normalization_s8(const struct mlforge_l2_normalization *op, const int8_t *input,
				 int8_t *output)
{
	for (uint32_t row = 0; row < op->rows; row++) {
		int32_t right;
		const int32_t factor =
			mlforge_inverse_square_root(sum_of_squares(op, input), &right);

		for (uint32_t c = 0; c < op->depth; c++) {
			const int32_t y = mlforge_requantise(input[c] - op->zero_point, factor,
							     right - OUTPUT_BITS - 1);

			output[c] = (int8_t)mlforge_clamp(y, INT8_MIN, INT8_MAX);
		}
		input += op->depth;
		output += op->depth;
	}
}
