/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED: four outputs at a time, so that each input is loaded once for four multiplications.
 */
#include "arithmetic.h"

static void four_outputs(const struct mlforge_fully_connected *op, const int8_t *input, uint32_t o, int8_t *output)
{
	const uint32_t size = op->inputs;
	const int8_t *w0 = op->weights + o * size;
	const int8_t *w1 = w0 + size;
	const int8_t *w2 = w1 + size;
	const int8_t *w3 = w2 + size;
	int32_t s0 = op->bias[o], s1 = op->bias[o + 1], s2 = op->bias[o + 2], s3 = op->bias[o + 3];

#pragma GCC unroll 4
	for (uint32_t k = 0; k < size; k++) {
		const int32_t x = input[k];

		s0 = mlforge_accumulate(s0, x, w0[k]);
		s1 = mlforge_accumulate(s1, x, w1[k]);
		s2 = mlforge_accumulate(s2, x, w2[k]);
		s3 = mlforge_accumulate(s3, x, w3[k]);
	}
	output[o] = mlforge_finish(s0, op->multiplier, op->shift, &op->stage);
	output[o + 1] = mlforge_finish(s1, op->multiplier, op->shift, &op->stage);
	output[o + 2] = mlforge_finish(s2, op->multiplier, op->shift, &op->stage);
	output[o + 3] = mlforge_finish(s3, op->multiplier, op->shift, &op->stage);
}

static void one_output(const struct mlforge_fully_connected *op, const int8_t *input, uint32_t o, int8_t *output)
{
	const int8_t *weights = op->weights + o * op->inputs;
	int32_t sum = op->bias[o];

	for (uint32_t k = 0; k < op->inputs; k++) {
		sum = mlforge_accumulate(sum, input[k], weights[k]);
	}
	output[o] = mlforge_finish(sum, op->multiplier, op->shift, &op->stage);
}

void mlforge_fully_connected_s8(const struct mlforge_fully_connected *op, const int8_t *input, int8_t *output)
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
