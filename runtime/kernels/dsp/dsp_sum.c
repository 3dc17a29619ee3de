/* SPDX-License-Identifier: Apache-2.0
 *
 * SUM and MEAN for DSP, four neighbouring sums at a time. The last four overlap with those before
 * where there is no multiple of four.
 */
#include "kernels/shared/arithmetic.h"
#include "dsp_sums.h"

static void sum_row(const struct mlforge_sum *op, const struct mlforge_dsp_area *area,
		    const int8_t *input, int8_t *output)
{
	const uint32_t count = op->reduction.kept[2];

	for (uint32_t next = 0; next < count; next += 4) {
		const uint32_t first = next + 4 <= count ? next : count - 4;
		int32_t sums[4];

		mlforge_dsp_sum_of_four(area, input + first, sums);
		for (uint32_t i = 0; i < 4; i++) {
			output[first + i] = mlforge_finish(sums[i] + op->offset, op->multiplier,
							   op->shift, &op->stage);
		}
	}
}

void mlforge_dsp_sum_s8(const struct mlforge_sum *op, const int8_t *input, int8_t *output)
{
	const struct mlforge_reduction *r = &op->reduction;
	const struct mlforge_dsp_area area = {
		.height = (int32_t)r->reduced[1],
		.width = (int32_t)r->reduced[2],
		.step = (int32_t)r->reduced_step[2],
		.row_bytes = (int32_t)r->reduced_step[1],
	};

	for (uint32_t i = 0; i < r->kept[0]; i++) {
		for (uint32_t j = 0; j < r->kept[1]; j++) {
			sum_row(op, &area, input + i * r->kept_step[0] + j * r->kept_step[1],
				output);
			output += r->kept[2];
		}
	}
}
