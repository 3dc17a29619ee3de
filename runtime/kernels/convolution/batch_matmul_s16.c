/* SPDX-License-Identifier: Apache-2.0
 *
 * BATCH_MATMUL of int16, with zero points of 0 and sums of 64 bits.
 */
#include "kernels/convolution/batch_matmul.h"
#include "kernels/shared/arithmetic.h"

static int64_t product(const struct mlforge_batch_matmul *op, const int16_t *row,
		       const int16_t *column)
{
	int64_t sum = 0;

	for (int32_t k = op->depth; k > 0; k--) {
		sum += (int64_t)*row * *column;
		row += op->first_column_step;
		column += op->second_row_step;
	}
	return sum;
}

void mlforge_batch_matmul_s16(const struct mlforge_batch_matmul *op, const void *first,
			      const void *second, void *output)
{
	const int64_t half = (int64_t)1 << (op->shift - 1);
	const int32_t count = mlforge_matrices_count(op);
	int16_t *to = output;

	for (int32_t n = 0; n < count; n++) {
		const struct mlforge_matrices at = mlforge_matrices_of(op, n);
		const int16_t *a = (const int16_t *)first + at.first;
		const int16_t *b = (const int16_t *)second + at.second;

		for (int32_t r = 0; r < op->rows; r++) {
			for (int32_t c = 0; c < op->columns; c++) {
				const int64_t sum = product(op, a + r * op->first_row_step,
							    b + c * op->second_column_step);
				const int32_t y =
					(int32_t)((sum * op->multiplier + half) >> op->shift);

				*to++ = (int16_t)mlforge_clamp(y, INT16_MIN, INT16_MAX);
			}
		}
	}
}
