/* SPDX-License-Identifier: Apache-2.0
 *
 * What a feature pipeline is made of. The application needs mlforge/features.h only; this header is
 * for the emitted tables, for the stages, and for the host, which builds the same structures in
 * memory.
 *
 *     frame -> stage -> stage -> ... -> collector -> model input
 *
 * A stage takes one block of values and may complete one block of its own: a point-wise stage
 * (standardise, quantise) always does, a stage with memory (a filter, or a window that feeds an
 * FFT) does when it has seen enough. Each stage names its scratch for the block that it makes, its
 * state and its tables, all sized by the emitter; a stage that needs neither state nor tables
 * leaves them NULL. A longer chain (window, FFT, mel, log, DCT) is further stages in the same
 * array: nothing here depends on how many there are. Values are int32 fixed point between stages.
 *
 * The collector is the end of every chain: a ring of the blocks that form one model input.
 * Point-wise stages commute with windowing, so the emitter puts them, quantisation included, in
 * front of the ring, which then holds the int8 values that the model reads rather than raw frames.
 */
#ifndef MLFORGE_PIPELINE_H_
#define MLFORGE_PIPELINE_H_

#include "mlforge/features.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_stage {
	/* Takes the block `input` (input_length values). Returns true when it has written a block
	 * of output_length values to `output`, which is the stage's own scratch or, for the last
	 * stage, a place in the ring. */
	bool (*process)(const struct mlforge_stage *stage, const void *input, void *output);
	/* Forgets what it has seen; NULL for a stage without state. */
	void (*reset)(const struct mlforge_stage *stage);
	const void *tables;
	void *state;
	void *output; /* scratch for output_length values; NULL for the last stage */
	uint32_t input_length;
	uint32_t output_length;
};

/* All zero means empty, so that the state needs no initial values in flash. */
struct mlforge_collector_state {
	uint32_t next;  /* block of the ring that the next block goes to */
	uint32_t seen;  /* blocks since the last complete input, or since the reset */
	uint32_t begun; /* 0 until the first input is complete */
};

/* A ring of `length` blocks of `block_bytes` each; an input is complete after `length` blocks, then
 * every `hop`. */
struct mlforge_collector {
	uint8_t *ring; /* length * block_bytes, aligned for the values in it */
	struct mlforge_collector_state *state;
	uint32_t length;
	uint32_t hop;
	uint32_t block_bytes;
};

struct mlforge_pipeline {
	const struct mlforge_stage *stages;
	uint32_t stages_count;
	uint32_t frame_length; /* values in a frame */
	struct mlforge_collector collector;
};

/* (x - mean) * multiplier / 2^shift for each channel: the difference saturated to int32, the result
 * rounded to nearest, ties away from zero, and saturated. In, out: int32 [channels]. multiplier is
 * 0 or in 2^30 .. 2^31 - 1, shift in 1 .. 62. */
struct mlforge_standardise {
	const int32_t *mean;
	const int32_t *multiplier;
	const uint8_t *shift;
};
bool mlforge_standardise_process(const struct mlforge_stage *stage, const void *input,
				 void *output);

/* x * multiplier / 2^shift + zero_point: rounded as above, clamped to -128 .. 127.
 * In: int32 [length]; out: int8 [length]. multiplier is 0 or in 2^30 .. 2^31 - 1, shift in 1 .. 62.
 */
struct mlforge_quantise {
	int32_t multiplier;
	int32_t zero_point; /* -128 .. 127 */
	uint8_t shift;
};
bool mlforge_quantise_process(const struct mlforge_stage *stage, const void *input, void *output);

/* For the host: pushes `frames` (int32 [count][frame_length]) after a reset and writes each
 * complete input behind the one before, of the values' own width (int8, or int32 in a pipeline
 * without quantise). Returns how many there were, at most `capacity`. */
uint32_t mlforge_features_extract(const struct mlforge_pipeline *pipeline, const int32_t *frames,
				  uint32_t count, uint8_t *inputs, uint32_t capacity);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_H_ */
