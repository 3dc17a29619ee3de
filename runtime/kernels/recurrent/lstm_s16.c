/* SPDX-License-Identifier: Apache-2.0
 *
 * UNIDIRECTIONAL_SEQUENCE_LSTM of int16 activations and int8 weights. As in lstm_s8.c, the new
 * hidden state waits in the output.
 */
#include <stddef.h>
#include <string.h>

#include "kernels/recurrent/lstm_cell.h"
#include "kernels/shared/channels_s16.h"

/* gates[] += the shares that `values` have in the four gates of a unit. */
static void add_shares(const int16_t *values, const int8_t *weights, int32_t size,
		       const int64_t bias[MLFORGE_LSTM_GATES],
		       const struct mlforge_lstm_scale *scales, int32_t gates[MLFORGE_LSTM_GATES])
{
	for (int32_t gate = 0; gate < MLFORGE_LSTM_GATES; gate++) {
		const int32_t shift = scales[gate].shift;
		const int64_t sum = mlforge_dot_s16(values, weights, size, bias[gate]);
		const int64_t scaled = sum * scales[gate].multiplier + ((int64_t)1 << (shift - 1));
		const int32_t share = mlforge_lstm_to_int16((int32_t)(scaled >> shift));

		gates[gate] = mlforge_lstm_to_int16(gates[gate] + share);
		weights += size;
	}
}

static int16_t unit(const struct mlforge_lstm *op, const int16_t *input, const int16_t *hidden,
		    int16_t *cell, int32_t u)
{
	int32_t gates[MLFORGE_LSTM_GATES] = {0};
	int64_t bias[MLFORGE_LSTM_GATES] = {0};

	add_shares(hidden, op->recurrent_weights + u * MLFORGE_LSTM_GATES * op->units, op->units,
		   bias, op->recurrent_scale, gates);
	for (int32_t gate = 0; gate < MLFORGE_LSTM_GATES; gate++) {
		const int32_t at = u * MLFORGE_LSTM_GATES + gate;

		bias[gate] = op->wide_bias != NULL ? op->wide_bias[at] : op->input_bias[at];
	}
	add_shares(input, op->input_weights + u * MLFORGE_LSTM_GATES * op->inputs, op->inputs, bias,
		   op->input_scale, gates);
	return (int16_t)mlforge_lstm_to_int16(mlforge_lstm_hidden(op, gates, cell));
}

void mlforge_lstm_s16(const struct mlforge_lstm *op, const void *input, void *hidden, void *cell,
		      void *output)
{
	const int16_t *from = input;
	int16_t *const cells = cell;
	int16_t *to = output;

	for (int32_t step = 0; step < op->steps; step++) {
		for (int32_t u = 0; u < op->units; u++) {
			to[u] = unit(op, from, hidden, cells + u, u);
		}
		memcpy(hidden, to, op->units * sizeof(*to));
		from += op->inputs;
		to += op->units;
	}
}
