/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels with a state that survives from one inference to the next. Part of mlforge/kernels.h,
 * whose conventions hold here and which includes this file; include that one.
 */
#ifndef MLFORGE_KERNELS_RECURRENT_H_
#define MLFORGE_KERNELS_RECURRENT_H_

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SVDF, batch 1. Each of units * rank filters makes one value of the whole input, remembers the
 * last `memory` of them, and weighs them by time; `rank` filters in a row make one unit. `state` is
 * [units * rank][memory], oldest first, of the type that `time_weights` have; int16_t is 2-byte
 * aligned. The output does not overlap the state; it may lie over the input. */
struct mlforge_svdf {
	uint16_t inputs;
	uint16_t units;
	uint16_t rank;
	uint16_t memory;
	struct mlforge_output_stage stage;
	int8_t feature_shift;
	int8_t shift; /* of the output */
	int8_t state_zero_point;
	int32_t feature_multiplier;
	int32_t multiplier;            /* of the output */
	const int8_t *feature_weights; /* [units * rank][inputs] */
	const int32_t *feature_bias; /* [units * rank]: -input_zero_point * sum(feature_weights) */
	const void *time_weights;    /* [units * rank][memory] */
	const int32_t *bias;         /* [units], with the state's zero point folded in */
};

void mlforge_svdf_s8(const struct mlforge_svdf *op, const int8_t *input, void *state,
		     int8_t *output);
void mlforge_svdf_s8_state_s16(const struct mlforge_svdf *op, const int8_t *input, void *state,
			       int8_t *output);

/* From an accumulator to a gate's share: see the head of mlforge/kernels.h. */
struct mlforge_lstm_scale {
	int32_t multiplier;
	int8_t shift;
};

/* UNIDIRECTIONAL_SEQUENCE_LSTM, batch 1: int8 or int16 activations, int8 weights, int16 cell state.
 * The four gates of a unit lie together, in the order forget, input, cell, output. The output
 * [steps][units] does not overlap the input; `hidden` is [units] of its type, `cell`
 * int16_t[units]. Of int16 activations, zero points are 0, and sums of 64 bits become a gate's
 * share by (sum * multiplier + 2^(shift - 1)) >> shift, with multipliers of 15 bits. */
struct mlforge_lstm {
	uint16_t steps;
	uint16_t inputs;
	uint16_t units;
	int16_t clip; /* of the cell state, both ways; 32767 and `clips` 0 for none */
	uint8_t clips;
	uint8_t cell_shift; /* for the tanh of the cell state: as in struct mlforge_sigmoid */
	int16_t hidden_zero_point;
	int32_t cell_multiplier;
	struct mlforge_lstm_scale input_scale[4];
	struct mlforge_lstm_scale recurrent_scale[4];
	struct mlforge_lstm_scale forget; /* of the old cell state */
	struct mlforge_lstm_scale admit;  /* of what is added to it */
	struct mlforge_lstm_scale emit;   /* of the new hidden state */
	const int8_t *input_weights;      /* [units][4][inputs] */
	const int8_t *recurrent_weights;  /* [units][4][units] */
	const int32_t *input_bias;        /* [units][4], with the input's zero point folded in */
	const int32_t
		*recurrent_bias;  /* [units][4]: the hidden state's zero point; NULL of int16 */
	const int64_t *wide_bias; /* int16 only: in place of input_bias, or NULL */
	const uint16_t *table;    /* as in struct mlforge_sigmoid */
};

void mlforge_lstm_s8(const struct mlforge_lstm *op, const int8_t *input, int8_t *hidden, void *cell,
		     int8_t *output);
void mlforge_lstm_s16(const struct mlforge_lstm *op, const void *input, void *hidden, void *cell,
		      void *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_RECURRENT_H_ */
