/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED of int16.
 */
#include "kernels/shared/channels_s16.h"

void mlforge_fully_connected_s16(const struct mlforge_fully_connected_s16 *op, const void *input,
				 void *output)
{
	const int32_t inputs = (int32_t)op->inputs, outputs = (int32_t)op->outputs;
	const int16_t *from = input;
	int16_t *to = output;

	for (uint32_t row = 0; row < op->rows; row++) {
		for (int32_t o = 0; o < outputs; o++) {
			const int64_t sum = mlforge_dot_s16(from, op->weights + o * inputs, inputs,
							    mlforge_bias_s16(&op->channels, o));

			to[o] = mlforge_finish_channel_s16(&op->channels, sum, o);
		}
		from += inputs;
		to += outputs;
	}
}
