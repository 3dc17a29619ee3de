/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Stages that take frames of the signal.
 *
 * Stages that describe frames of the signal by numbers. Included by mlforge/pipeline.h.
 */
#ifndef MLFORGE_PIPELINE_FRAMES_H_
#define MLFORGE_PIPELINE_FRAMES_H_

#include "mlforge/features.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_stage;

#define MLFORGE_RATIO_BITS 14 /* fraction bits of statistics that have no unit */

enum mlforge_statistic {
	MLFORGE_MEAN,
	MLFORGE_RMS,
	MLFORGE_DEVIATION,
	MLFORGE_MIN,
	MLFORGE_MAX,
	MLFORGE_PEAK_TO_PEAK,
	MLFORGE_SLOPE,
	MLFORGE_CREST,
	MLFORGE_SKEW,
	MLFORGE_KURTOSIS,
	MLFORGE_ZERO_CROSSINGS,
	MLFORGE_MEAN_CROSSINGS,
	MLFORGE_MOBILITY,
	MLFORGE_COMPLEXITY,
};

/**
 * @brief Statistics of each channel of a frame. In: int16 or int32 [length][channels], length at
 * most 2^16; out: int32 [count][channels]. */
struct mlforge_statistics {
	const uint8_t *what; /* enum mlforge_statistic [count] */
	uint32_t length;
	uint16_t count;
	uint16_t channels;
	int8_t unit_shift; /* of statistics in the unit of samples, -2 .. 8 */
	uint8_t samples;   /* enum mlforge_samples */
};
uint32_t mlforge_statistics_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_FRAMES_H_ */
