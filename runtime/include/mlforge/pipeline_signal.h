/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Stages that take the signal and make a signal.
 *
 * Stages that take the signal and make a signal: [count][channels] of int16 or int32 in, int32 out
 * unless it says otherwise. They begin as though the first sample after a reset had always been
 * there: a constant starts no transient. Included by mlforge/pipeline.h.
 */
#ifndef MLFORGE_PIPELINE_SIGNAL_H_
#define MLFORGE_PIPELINE_SIGNAL_H_

#include "mlforge/features.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_stage;

/**
 * @brief Second-order sections, one behind the other: y[n] = (b0 x[n] + b1 x[n - 1] + b2 x[n - 2] -
 * a1 y[n - 1] - a2 y[n - 2] + rest) / 2^bits, rounded down; `rest` is what the rounding of the
 * sample before cut off. State: uint32 begun; then for each channel int32 [sections + 1][2], the
 * two newest values in front of each section and behind the last, and int32 [sections], their
 * rests. */
struct mlforge_filter {
	const int32_t *coefficients; /* [sections][5]: b0, b1, b2, a1, a2, times 2^bits */
	uint8_t sections;
	uint8_t bits;
	int8_t shift; /* left shift of samples, -24 .. 13: no state and no sum overflows */
	uint8_t passes_constants; /* as they are, or not at all */
	uint8_t samples;          /* enum mlforge_samples */
	uint16_t channels;
};
uint32_t mlforge_filter_process(const struct mlforge_stage *stage, const void *input,
				uint32_t count, void *output);

/**
 * @brief y[n] = (x[n] - factor x[n - 1]) / 2^shift, rounded to nearest (halves up). Out: int16,
 * saturated, where samples are and `narrow` says so. State: int32 [1 + channels]. */
struct mlforge_pre_emphasis {
	int32_t factor; /* Q15, 0 .. 2^15 */
	uint8_t shift;  /* 15 more than that of the values */
	uint8_t narrow;
	uint8_t samples;
	uint16_t channels;
};
uint32_t mlforge_pre_emphasis_process(const struct mlforge_stage *stage, const void *input,
				      uint32_t count, void *output);

/**
 * @brief y[n] = (x[n] - x[n - over]) / 2^shift, rounded down, times multiplier / 2^31, rounded to
 * nearest. State: uint32 [2]: begun, the ring's oldest frame; then int32 [over][channels]. */
struct mlforge_difference {
	uint32_t over;
	int32_t multiplier; /* 2^30 .. 2^31 - 1; 0 for none */
	uint8_t shift;
	uint8_t samples;
	uint16_t channels;
};
uint32_t mlforge_difference_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output);

/**
 * @brief `up` outputs for each `down` samples: output m, from 1 on, comes with sample k =
 * ceil(m down / up), and is the newest `length` samples times phase up - 1 - (k up - m down),
 * / 2^shift, rounded to nearest (halves up). State: uint32 [3]: begun, the ring's oldest frame,
 * time since the last output; then [length][channels] samples. */
struct mlforge_resample {
	const int16_t *taps; /* Q15 [(up + 1) / 2][length], the oldest sample's first; phase
				up - 1 - p is phase p, backwards */
	uint32_t length;
	uint32_t up;   /* below down */
	uint32_t down; /* at most 2^20 */
	uint8_t shift;
	uint8_t samples;
	uint16_t channels;
};
uint32_t mlforge_resample_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output);
uint32_t mlforge_resample_wants(const struct mlforge_stage *stage, uint32_t blocks);
void mlforge_resample_reset(const struct mlforge_stage *stage);

/**
 * @brief sqrt of the sum of squares over each group of channels, times 2^shift, rounded down;
 * behind the channels themselves, times 2^shift, where `keep` is 1. */
struct mlforge_magnitude {
	const uint16_t *members; /* channels, group by group */
	const uint16_t *sizes;   /* [groups]: at most 1024 */
	int8_t shift;            /* -6 .. 13: squares of shifted samples add up to below 2^64 */
	uint8_t keep;
	uint8_t samples;
	uint16_t groups;
	uint16_t channels;
};
uint32_t mlforge_magnitude_process(const struct mlforge_stage *stage, const void *input,
				   uint32_t count, void *output);

/**
 * @brief |x| / 2^shift, rounded down. */
struct mlforge_rectify {
	uint8_t shift;
	uint8_t samples;
	uint16_t channels;
};
uint32_t mlforge_rectify_process(const struct mlforge_stage *stage, const void *input,
				 uint32_t count, void *output);

/**
 * @brief ((2 x[n] + x[n - 1] - x[n - 3] - 2 x[n - 4]) >> before)^2 >> after, saturated. State:
 * uint32 begun; then int32 [channels][4], newest first. */
struct mlforge_squared_slope {
	uint8_t before; /* 0 .. 3: then 32 bits */
	uint8_t after;  /* 0 .. 62 */
	uint8_t samples;
	uint16_t channels;
};
uint32_t mlforge_squared_slope_process(const struct mlforge_stage *stage, const void *input,
				       uint32_t count, void *output);

/**
 * @brief The mean of the newest `length` samples: (their sum >> before) * multiplier / 2^shift,
 * rounded to nearest. State: uint32 [2]: begun, the ring's oldest frame; int64 [channels] sums;
 * then int32 [length][channels]. */
struct mlforge_moving_mean {
	uint32_t length;
	int32_t multiplier;
	uint8_t before; /* then the sum has 32 bits */
	uint8_t shift;
	uint8_t samples;
	uint16_t channels;
};
uint32_t mlforge_moving_mean_process(const struct mlforge_stage *stage, const void *input,
				     uint32_t count, void *output);

/**
 * @brief For stages whose state begins with an uint32 that says whether there was a sample. */
void mlforge_begun_reset(const struct mlforge_stage *stage);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_SIGNAL_H_ */
