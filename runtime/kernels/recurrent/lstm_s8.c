/* SPDX-License-Identifier: Apache-2.0
 *
 * UNIDIRECTIONAL_SEQUENCE_LSTM. A unit's gates need the whole old hidden state, but only the unit's
 * own cell state: the new hidden state waits in the output, of which it is a part anyway, so that
 * nothing else needs to be kept.
 */
#include <string.h>

#include "kernels/recurrent/lstm_cell.h"
#include "kernels/shared/dot.h"

/* gates[] += the shares that `values` have in the four gates of a unit, clamped before and after.
 */
static void add_shares(const int8_t *values, const int8_t *weights, const int32_t *bias,
		       int32_t size, const struct mlforge_lstm_scale *scales,
		       int32_t gates[MLFORGE_LSTM_GATES])
{
	int32_t sums[MLFORGE_LSTM_GATES] = {bias[0], bias[1], bias[2], bias[3]};

	mlforge_dot_1x4(values, weights, size, sums);
	for (int32_t gate = 0; gate < MLFORGE_LSTM_GATES; gate++) {
		const int32_t share =
			mlforge_lstm_to_int16(mlforge_lstm_scaled(sums[gate], &scales[gate]));

		gates[gate] = mlforge_lstm_to_int16(gates[gate] + share);
	}
}

static int8_t unit(const struct mlforge_lstm *op, const int8_t *input, const int8_t *hidden,
		   int16_t *cell, int32_t u)
{
	int32_t gates[MLFORGE_LSTM_GATES] = {0};
	int32_t state;

	add_shares(input, op->input_weights + u * MLFORGE_LSTM_GATES * op->inputs,
		   op->input_bias + u * MLFORGE_LSTM_GATES, op->inputs, op->input_scale, gates);
	add_shares(hidden, op->recurrent_weights + u * MLFORGE_LSTM_GATES * op->units,
		   op->recurrent_bias + u * MLFORGE_LSTM_GATES, op->units, op->recurrent_scale,
		   gates);
	state = mlforge_lstm_hidden(op, gates, cell);
	return (int8_t)mlforge_clamp(state + op->hidden_zero_point, INT8_MIN, INT8_MAX);
}

void mlforge_lstm_s8(const struct mlforge_lstm *op, const int8_t *input, int8_t *hidden, void *cell,
		     int8_t *output)
{
	int16_t *const cells = cell;

	for (int32_t step = 0; step < op->steps; step++) {
		for (int32_t u = 0; u < op->units; u++) {
			output[u] = unit(op, input, hidden, cells + u, u);
		}
		memcpy(hidden, output, op->units);
		input += op->inputs;
		output += op->units;
	}
}
