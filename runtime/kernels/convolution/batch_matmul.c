/* SPDX-License-Identifier: Apache-2.0
 *
 * BATCH_MATMUL of int8. The second zero point is taken off by the sum of a row of the first matrix;
 * four columns share each value of it.
 */
#include "kernels/convolution/batch_matmul.h"
#include "kernels/shared/arithmetic.h"

struct row {
	const int8_t *from;
	int32_t step;
	int32_t size;
	int32_t zero_point;
};

static int32_t sum_of(const struct row *row)
{
	const int8_t *from = row->from;
	int32_t sum = 0;

	for (int32_t k = row->size; k > 0; k--) {
		sum += *from - row->zero_point;
		from += row->step;
	}
	return sum;
}

/* sums[j] += row * column j, for four columns that lie `apart`. Always inlined, so that steps of 1
 * cost nothing. */
static inline __attribute__((always_inline)) void
four_columns(const int8_t *from, int32_t from_step, int32_t size, int32_t zero_point,
	     const int8_t *column, int32_t step, int32_t apart, int32_t sums[4])
{
	const int8_t *c1 = column + apart, *c2 = c1 + apart, *c3 = c2 + apart;
	int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];

	for (; size > 0; size--) {
		const int32_t a = *from - zero_point;

		s0 = mlforge_accumulate(s0, a, *column);
		s1 = mlforge_accumulate(s1, a, apart == 1 ? column[1] : *c1);
		s2 = mlforge_accumulate(s2, a, apart == 1 ? column[2] : *c2);
		s3 = mlforge_accumulate(s3, a, apart == 1 ? column[3] : *c3);
		from += from_step;
		column += step;
		c1 += step;
		c2 += step;
		c3 += step;
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

/* The second matrix as it lies in memory: columns side by side. */
static __attribute__((noinline)) void beside(const struct row *row, const int8_t *column,
					     int32_t step, int32_t sums[4])
{
	if (row->step == 1) {
		four_columns(row->from, 1, row->size, row->zero_point, column, step, 1, sums);
	} else {
		four_columns(row->from, row->step, row->size, row->zero_point, column, step, 1,
			     sums);
	}
}

/* The second matrix transposed: each column is a row. */
static __attribute__((noinline)) void apart_by(const struct row *row, const int8_t *column,
					       int32_t apart, int32_t sums[4])
{
	if (row->step == 1) {
		four_columns(row->from, 1, row->size, row->zero_point, column, 1, apart, sums);
	} else {
		four_columns(row->from, row->step, row->size, row->zero_point, column, 1, apart,
			     sums);
	}
}

static int32_t one_column(const struct row *row, const int8_t *column, int32_t step, int32_t sum)
{
	const int8_t *from = row->from;

	for (int32_t k = row->size; k > 0; k--) {
		sum = mlforge_accumulate(sum, *from - row->zero_point, *column);
		from += row->step;
		column += step;
	}
	return sum;
}

static void one_row(const struct mlforge_batch_matmul *op, const struct row *row,
		    const int8_t *second, int8_t *to)
{
	const int32_t start = -op->second_zero_point * sum_of(row);
	const int32_t apart = op->second_column_step;
	int32_t c = 0;

	for (; c + 4 <= op->columns; c += 4) {
		int32_t sums[4] = {start, start, start, start};

		if (apart == 1) {
			beside(row, second + c, op->second_row_step, sums);
		} else {
			apart_by(row, second + c * apart, apart, sums);
		}
		for (int32_t j = 0; j < 4; j++) {
			to[c + j] = mlforge_finish(sums[j], op->multiplier, op->shift, &op->stage);
		}
	}
	for (; c < op->columns; c++) {
		to[c] = mlforge_finish(
			one_column(row, second + c * apart, op->second_row_step, start),
			op->multiplier, op->shift, &op->stage);
	}
}

void mlforge_batch_matmul_s8(const struct mlforge_batch_matmul *op, const int8_t *first,
			     const int8_t *second, int8_t *output)
{
	const int32_t count = mlforge_matrices_count(op);

	for (int32_t n = 0; n < count; n++) {
		const struct mlforge_matrices at = mlforge_matrices_of(op, n);

		for (int32_t r = 0; r < op->rows; r++) {
			const struct row row = {
				.from = first + at.first + r * op->first_row_step,
				.step = op->first_column_step,
				.size = op->depth,
				.zero_point = op->first_zero_point,
			};

			one_row(op, &row, second + at.second, output);
			output += op->columns;
		}
	}
}
