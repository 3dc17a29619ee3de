/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED: four outputs at a time, so that each input is loaded once for four
 * multiplications.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/dot.h"

static __attribute__((noinline)) void four_outputs(const struct mlforge_fully_connected *op,
						   const int8_t *input, uint32_t o, int8_t *output)
{
	int32_t sums[4] = {op->bias[o], op->bias[o + 1], op->bias[o + 2], op->bias[o + 3]};

	mlforge_dot_1x4(input, op->weights + o * op->inputs, (int32_t)op->inputs, sums);
	mlforge_finish_pair(sums[0], sums[1], op->multiplier, op->shift, &op->stage, output + o,
			    output + o + 1);
	mlforge_finish_pair(sums[2], sums[3], op->multiplier, op->shift, &op->stage, output + o + 2,
			    output + o + 3);
}

static void one_output(const struct mlforge_fully_connected *op, const int8_t *input, uint32_t o,
		       int8_t *output)
{
	const int8_t *weights = op->weights + o * op->inputs;
	int32_t sum = op->bias[o];

	for (uint32_t k = 0; k < op->inputs; k++) {
		sum = mlforge_accumulate(sum, input[k], weights[k]);
	}
	output[o] = mlforge_finish(sum, op->multiplier, op->shift, &op->stage);
}

void mlforge_fully_connected_s8(const struct mlforge_fully_connected *op, const int8_t *input,
				int8_t *output)
{
	for (uint32_t row = 0; row < op->rows; row++) {
		uint32_t o = 0;

		for (; o + 4 <= op->outputs; o += 4) {
			four_outputs(op, input, o, output);
		}
		for (; o < op->outputs; o++) {
			one_output(op, input, o, output);
		}
		input += op->inputs;
		output += op->outputs;
	}
}
