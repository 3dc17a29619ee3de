/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for MVE: four outputs at a time, sixteen inputs at a time.
 */
#include "mve.h"

/* Outputs o..o+3. Where there are fewer, the weights of the last one stand for those that are
 * missing. */
static void four_outputs(const struct mlforge_mve_fully_connected *op, const int8_t *input,
			 uint32_t o, int8_t *output)
{
	static const int32_t in_turn[4] = {0, 1, 2, 3};
	const int32_t size = (int32_t)op->inputs;
	const int8_t *const w0 = op->weights + o * op->inputs;
	const int8_t *const w1 = w0 + (o + 1 < op->outputs ? size : 0);
	const int8_t *const w2 = w1 + (o + 2 < op->outputs ? size : 0);
	const int8_t *const w3 = w2 + (o + 3 < op->outputs ? size : 0);
	const int32_t *bias = op->bias + o;
	const uint32_t at = op->per_output ? o : 0;
	mlforge_lanes sums =
		mlforge_lanes_dot(input, w0, w1, w2, w3, size, bias[0], bias[1], bias[2], bias[3]);

	sums = mlforge_lanes_requantise(sums, mlforge_lanes_of(op->multiplier + at),
					mlforge_lanes_of(op->shift + at), op->zero_point);
	mlforge_lanes_store(sums, op->low, op->high, output, mlforge_lanes_of(in_turn));
}

void mlforge_mve_fully_connected_s8(const struct mlforge_mve_fully_connected *op,
				    const int8_t *input, int8_t *output)
{
	for (uint32_t row = 0; row < op->rows; row++) {
		uint32_t o = 0;

		for (; o + 4 <= op->outputs; o += 4) {
			four_outputs(op, input, o, output + o);
		}
		if (o < op->outputs) {
			int8_t four[4];

			four_outputs(op, input, o, four);
			memcpy(output + o, four, op->outputs - o);
		}
		input += op->inputs;
		output += op->outputs;
	}
}
