/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief What a feature pipeline is made of.
 *
 * The application needs mlforge/features.h only; this header is for the emitted tables, for the
 * stages, and for the host, which builds the same structures in memory.
 *
 * @code{.unparsed}
 *     frames -> stage -> stage -> ... -> collector -> model input
 * @endcode
 *
 * A stage takes blocks of values and makes blocks of its own. A point-wise stage (standardise,
 * log, quantise) makes one for each that it takes; a stage with a state (frame, delta) gathers
 * several until it has seen enough. The stages at the head of the chain, up to and with the one
 * that gathers the first blocks, take runs of frames: a FIFO's or a DMA buffer's worth in one
 * call. Behind them, one block is on its way at a time.
 *
 * Each stage names the place of the block that it makes, its state and its tables, all sized by
 * the emitter; a stage that needs neither state nor tables leaves them NULL. Blocks that are
 * never alive together share their memory. Values are int16 or int32 fixed point: how many
 * fraction bits, and which range, the emitter has proven stage by stage, so that no intermediate
 * can wrap. A block of powers carries an exponent for each channel behind its values: the values
 * of a channel, times 2^exponent, are in the fixed point of the stage.
 *
 * The collector is the end of every chain: a ring of the blocks that form one model input.
 * Point-wise stages commute with windowing, so the emitter puts them, quantisation included, in
 * front of the ring, which then holds the int8 values that the model reads rather than raw
 * frames.
 */
#ifndef MLFORGE_PIPELINE_H_
#define MLFORGE_PIPELINE_H_

#include "mlforge/features.h"
#include "mlforge/pipeline_branches.h"
#include "mlforge/pipeline_frames.h"
#include "mlforge/pipeline_signal.h"
#include "mlforge/pipeline_spectrum.h"
#include "mlforge/pipeline_tflm.h"
#include "mlforge/pipeline_user.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An attribute of all that a pipeline remembers: a build may say where it lies. */
#ifndef MLFORGE_STATE
#define MLFORGE_STATE
#endif

struct mlforge_stage {
	/** Takes `count` blocks of input_length values, one after the other. Returns how many
	 * blocks of output_length values it has written to `output`, which is the stage's own place
	 * or, for the last stage, one in the ring. */
	uint32_t (*process)(const struct mlforge_stage *stage, const void *input, uint32_t count,
			    void *output);
	/** How many blocks it has to take until it has made `blocks` more; NULL for a stage that
	 * makes one for each. */
	uint32_t (*wants)(const struct mlforge_stage *stage, uint32_t blocks);
	/** Forgets what it has seen; NULL for a stage without state. */
	void (*reset)(const struct mlforge_stage *stage);
	const void *tables;
	void *state;
	void *output; /**< place of the block that it makes; NULL for the last stage */
	void *work;   /**< scratch while it works; NULL where it needs none */
	uint32_t input_length;
	uint32_t output_length; /**< without exponents */
};

/**
 * @brief All zero means empty, so that the state needs no initial values in flash.
 */
struct mlforge_collector_state {
	uint32_t next;  /**< block of the ring that the next block goes to */
	uint32_t seen;  /**< blocks since the last complete input, or since the reset */
	uint32_t begun; /**< 0 until the first input is complete */
};

/**
 * @brief A ring of `length` blocks of `block_bytes` each; an input is complete after `length`
 * blocks, then every `hop`.
 */
struct mlforge_collector {
	uint8_t *ring; /**< length * block_bytes, aligned for the values in it */
	struct mlforge_collector_state *state;
	uint32_t length;
	uint32_t hop;
	uint32_t block_bytes;
};

struct mlforge_pipeline {
	const struct mlforge_stage *stages;
	uint32_t stages_count;
	uint32_t frame_length; /**< values in a frame */
	uint32_t head;  /**< stages that take runs of frames, and write runs of blocks into the ring
			   where they are all; 0: one frame at a time passes the whole chain */
	uint32_t batch; /**< frames that they take at once */
	enum mlforge_samples samples; /**< what the first stage takes */
	void *converted; /**< place of one frame of the other type; NULL: up to 32 values on the
			  * stack
			  */
	struct mlforge_collector collector;
};

/**
 * @brief (x - mean) * multiplier / 2^shift for each channel: the difference saturated to int32,
 * the result rounded to nearest, ties away from zero, and saturated.
 *
 * In: int16 or int32 [channels]; out: int32 [channels]. multiplier is 0 or in 2^30 .. 2^31 - 1,
 * shift in 1 .. 62.
 */
struct mlforge_standardise {
	const int32_t *mean;
	const int32_t *multiplier;
	const uint8_t *shift;
	uint8_t narrow; /**< values are int16 */
};
uint32_t mlforge_standardise_process(const struct mlforge_stage *stage, const void *input,
				     uint32_t count, void *output);

/**
 * @brief x * multiplier / 2^shift + zero_point: rounded as above, clamped to -128 .. 127.
 *
 * In: int32 [length]; out: int8 [length]. multiplier is 0 or in 2^30 .. 2^31 - 1, shift in 1 ..
 * 62. `narrow`: in: int16; multiplier is 0 or in 2^14 .. 2^15 - 1, shift in 1 .. 30, and halves are
 * rounded up.
 */
struct mlforge_quantise {
	int32_t multiplier;
	int32_t zero_point; /**< -128 .. 127 */
	uint8_t shift;
	uint8_t narrow; /**< values are int16 */
};
uint32_t mlforge_quantise_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output);

/**
 * @brief Stretches of `length` frames, `hop` apart, hop at most length.
 *
 * In: [count][channels]; out: [length][channels]. What two stretches have in common stays in the
 * output, which is the stage's own then, or waits in `work`: the rest of the output is anybody's
 * from one stretch to the first sample of the next.
 */
struct mlforge_framer {
	uint32_t length;
	uint32_t hop;
	uint32_t bytes; /**< of a frame */
};
struct mlforge_framer_state {
	uint32_t filled; /**< frames in the output */
};
uint32_t mlforge_framer_process(const struct mlforge_stage *stage, const void *input,
				uint32_t count, void *output);
uint32_t mlforge_framer_wants(const struct mlforge_stage *stage, uint32_t blocks);
void mlforge_framer_reset(const struct mlforge_stage *stage);

/**
 * @brief The Fourier transform of each channel, tapered and filled up with zeros.
 *
 * In: int16 or int32 [length][channels]; out: int32 [size / 2 + 1][channels], magnitudes, or
 * powers and an exponent for each channel. Work: int32 [size]; with one channel it may be the
 * place of the output.
 */
struct mlforge_fft {
	const uint16_t *taper;     /**< Q15 [length / 2 + 1], the first half: taper[length - i] =
				      taper[i]; NULL: all 1 */
	const uint32_t *factors;   /**< [size / 8][3]: W^2i, W^4i, W^6i with W = exp(-2 pi i / size)
				      as pairs (cos, sin), Q15 */
	const uint32_t *rotations; /**< [size / 4 - 1]: W^1, W^2, ..., the same */
	uint32_t length;           /**< 1 .. size */
	uint16_t size;             /**< power of 2, 32 .. 2048 */
	uint8_t first; /**< radix of the first pass: 4 where log2(size) is odd, else 2 */
	uint8_t shift; /**< right shift of tapered samples: no sum overflows */
	uint8_t channels;
};
uint32_t mlforge_fft_process_int16_power(const struct mlforge_stage *stage, const void *input,
					 uint32_t count, void *output);
uint32_t mlforge_fft_process_int16_magnitude(const struct mlforge_stage *stage, const void *input,
					     uint32_t count, void *output);
uint32_t mlforge_fft_process_int32_power(const struct mlforge_stage *stage, const void *input,
					 uint32_t count, void *output);
uint32_t mlforge_fft_process_int32_magnitude(const struct mlforge_stage *stage, const void *input,
					     uint32_t count, void *output);

/**
 * @brief The same in 16 bits, each block with an exponent: half the memory, and less exact.
 *
 * In: int16 or int32 [length][channels]; out: int32 [size / 2 + 1][channels], magnitudes, or
 * powers and an exponent for each channel. Work: uint32 [size / 2]; with one channel it may be the
 * place of the output, and that of the input.
 */
struct mlforge_fft16 {
	const uint16_t *taper;     /**< as above */
	const uint32_t *rotations; /**< [size / 4]: W^0, W^1, ..., as pairs (cos, sin), Q14 */
	const uint32_t *factors;   /**< [size / 8][2]: W^4i, W^6i, the same */
	uint32_t length;           /**< 1 .. size */
	uint16_t size;             /**< power of 2, 32 .. 2048 */
	uint8_t first; /**< radix of the first pass: 4 where log2(size) is odd, else 2 */
	uint8_t channels;
	int8_t most; /**< bits by which magnitudes are too small at most: their fixed point */
};
uint32_t mlforge_fft16_process_int16_power(const struct mlforge_stage *stage, const void *input,
					   uint32_t count, void *output);
uint32_t mlforge_fft16_process_int16_magnitude(const struct mlforge_stage *stage, const void *input,
					       uint32_t count, void *output);
uint32_t mlforge_fft16_process_int32_power(const struct mlforge_stage *stage, const void *input,
					   uint32_t count, void *output);
uint32_t mlforge_fft16_process_int32_magnitude(const struct mlforge_stage *stage, const void *input,
					       uint32_t count, void *output);

/**
 * @brief Triangular filters between neighbouring corners: filter b rises over segment b and falls
 * over segment b + 1.
 *
 * In: int32 [bins][channels], not negative, with exponents or without; out: int32
 * [bands][channels] with exponents. Work: uint64 [bands].
 */
struct mlforge_mel {
	const uint16_t *shares; /**< Q16, of every bin from `first`: how far it lies in its segment,
				   from corner to corner */
	const uint16_t *counts; /**< [bands + 1]: bins in each segment */
	const uint16_t *gains;  /**< Q15 [bands], below 1, or NULL */
	uint16_t first;         /**< bin of the first segment */
	uint16_t bands;
	uint8_t channels;
	uint8_t exponents; /**< whether the input has them */
};
uint32_t mlforge_mel_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			     void *output);

/**
 * @brief x * 2^exponent * 2^shift, rounded down, saturated: from exponents to one fixed point.
 *
 * In: int32 [length / channels][channels] with exponents; out: the same shape without, in place.
 */
struct mlforge_level {
	int16_t shift;
	uint8_t channels;
};
uint32_t mlforge_level_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output);

/**
 * @brief Discrete cosine transform, type II.
 *
 * In: int32 [length][channels], |x| at most 2^15; out: int32 [coefficients][channels]. Work:
 * int32 [length + 1].
 */
struct mlforge_dct {
	const int16_t
		*factors; /**< Q15 [coefficients][(length + 1) / 2]: the first half of each row */
	uint16_t length;
	uint16_t coefficients;
	uint8_t channels;
	uint8_t shift;
};
uint32_t mlforge_dct_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			     void *output);

/**
 * @brief Columns with their slopes over the `width` columns around them behind them.
 *
 * In: int32 [length], |x| below 2^25; out: int32 [2][length], none for the first width - 1 columns.
 */
struct mlforge_delta {
	int32_t multiplier; /**< over 2^shift: 1 / (2 (1 + 4 + 9 ...)) */
	uint8_t shift;
	uint8_t width; /**< odd, 3 .. 9 */
};
/** @brief Behind it in the state: int32 [width][length], the newest columns. */
struct mlforge_delta_state {
	uint32_t next; /**< column that the next one goes to */
	uint32_t seen; /**< columns, up to width */
};
uint32_t mlforge_delta_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output);
uint32_t mlforge_delta_wants(const struct mlforge_stage *stage, uint32_t blocks);
void mlforge_delta_reset(const struct mlforge_stage *stage);

/**
 * @brief For the host: pushes `frames` ([count][frame_length] of the type that the first stage
 * takes) after a reset and writes each complete input behind the one before, of the values' own
 * width (int8, or int32 in a pipeline without quantise).
 *
 * @return how many there were, at most `capacity`.
 */
uint32_t mlforge_features_extract(const struct mlforge_pipeline *pipeline, const void *frames,
				  uint32_t count, uint8_t *inputs, uint32_t capacity);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_H_ */
