/* SPDX-License-Identifier: Apache-2.0
 *
 * UNIDIRECTIONAL_SEQUENCE_LSTM. A unit's gates need the whole old hidden state, but only the unit's
 * own cell state: the new hidden state waits in the output, of which it is a part anyway, so that
 * nothing else needs to be kept.
 */
#include <string.h>

#include "kernels/shared/dot.h"
#include "kernels/activation/sigmoid_s16.h"

enum gate {
	FORGET,
	INPUT,
	CELL,
	OUTPUT,
	GATES
};

static int32_t to_int16(int32_t x)
{
	return mlforge_clamp(x, INT16_MIN, INT16_MAX);
}

static int32_t scaled(int32_t x, const struct mlforge_lstm_scale *scale)
{
	return mlforge_requantise(x, scale->multiplier, scale->shift);
}

/* gates[] += the shares that `values` have in the four gates of a unit, clamped before and after.
 */
static void add_shares(const int8_t *values, const int8_t *weights, const int32_t *bias,
		       int32_t size, const struct mlforge_lstm_scale *scales, int32_t gates[GATES])
{
	int32_t sums[GATES] = {bias[0], bias[1], bias[2], bias[3]};

	mlforge_dot_1x4(values, weights, size, sums);
	for (int32_t gate = 0; gate < GATES; gate++) {
		gates[gate] = to_int16(gates[gate] + to_int16(scaled(sums[gate], &scales[gate])));
	}
}

static int8_t unit(const struct mlforge_lstm *op, const int8_t *input, const int8_t *hidden,
		   int16_t *cell, int32_t u)
{
	int32_t gates[GATES] = {0};
	int32_t state;

	add_shares(input, op->input_weights + u * GATES * op->inputs, op->input_bias + u * GATES,
		   op->inputs, op->input_scale, gates);
	add_shares(hidden, op->recurrent_weights + u * GATES * op->units,
		   op->recurrent_bias + u * GATES, op->units, op->recurrent_scale, gates);
	state = to_int16(
		scaled(mlforge_logistic_of(op->table, gates[FORGET] * 3) * *cell, &op->forget));
	state += to_int16(scaled(mlforge_logistic_of(op->table, gates[INPUT] * 3) *
					 mlforge_tanh_of(op->table, gates[CELL] * 3),
				 &op->admit));
	state = to_int16(state);
	if (op->clips) {
		state = mlforge_clamp(state, -op->clip, op->clip);
	}
	*cell = (int16_t)state;
	state = mlforge_tanh_of(
		op->table, mlforge_sigmoid_argument(state, op->cell_multiplier, op->cell_shift));
	state = scaled(state * mlforge_logistic_of(op->table, gates[OUTPUT] * 3), &op->emit);
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
