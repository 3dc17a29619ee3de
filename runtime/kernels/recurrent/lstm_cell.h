/* SPDX-License-Identifier: Apache-2.0
 *
 * What an LSTM does with its gates' sums, whatever the type of its activations. Private to
 * runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_LSTM_CELL_H_
#define MLFORGE_KERNELS_LSTM_CELL_H_

#include "kernels/activation/sigmoid_s16.h"
#include "kernels/shared/arithmetic.h"

enum mlforge_lstm_gate {
	MLFORGE_LSTM_FORGET,
	MLFORGE_LSTM_INPUT,
	MLFORGE_LSTM_CELL,
	MLFORGE_LSTM_OUTPUT,
	MLFORGE_LSTM_GATES
};

static inline int32_t mlforge_lstm_to_int16(int32_t x)
{
	return mlforge_clamp(x, INT16_MIN, INT16_MAX);
}

static inline int32_t mlforge_lstm_scaled(int32_t x, const struct mlforge_lstm_scale *scale)
{
	return mlforge_requantise(x, scale->multiplier, scale->shift);
}

/* The new cell state of a unit, and from it the hidden state without its zero point, not clamped.
 */
static inline int32_t mlforge_lstm_hidden(const struct mlforge_lstm *op,
					  const int32_t gates[MLFORGE_LSTM_GATES], int16_t *cell)
{
	const uint16_t *const table = op->table;
	int32_t state = mlforge_lstm_to_int16(mlforge_lstm_scaled(
		mlforge_logistic_of(table, gates[MLFORGE_LSTM_FORGET] * 3) * *cell, &op->forget));

	state += mlforge_lstm_to_int16(
		mlforge_lstm_scaled(mlforge_logistic_of(table, gates[MLFORGE_LSTM_INPUT] * 3) *
					    mlforge_tanh_of(table, gates[MLFORGE_LSTM_CELL] * 3),
				    &op->admit));
	state = mlforge_lstm_to_int16(state);
	if (op->clips) {
		state = mlforge_clamp(state, -op->clip, op->clip);
	}
	*cell = (int16_t)state;
	state = mlforge_tanh_of(
		table, mlforge_sigmoid_argument(state, op->cell_multiplier, op->cell_shift));
	return mlforge_lstm_scaled(
		state * mlforge_logistic_of(table, gates[MLFORGE_LSTM_OUTPUT] * 3), &op->emit);
}

#endif /* MLFORGE_KERNELS_LSTM_CELL_H_ */
