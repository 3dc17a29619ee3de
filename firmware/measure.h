/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one inference, or produces one model input, such that it can be measured from outside
 * (probes that a profiler looks for by name) and from inside (ticks, stack watermark). Interrupts
 * are masked meanwhile.
 */
#ifndef MLFORGE_MEASURE_H_
#define MLFORGE_MEASURE_H_

#include <stdbool.h>
#include <stdint.h>

#define MLFORGE_STACK_OVERFLOW UINT32_MAX

struct mlforge_measured {
	uint32_t ticks;
	uint32_t stack_bytes; /* what the measured code used below its caller, or
				 MLFORGE_STACK_OVERFLOW; 0: not measured */
};

/* Runs the attached model once; its inputs are in the arena. */
struct mlforge_measured mlforge_measure_inference(void);

/* Frames of the type that the attached pipeline takes. */
struct mlforge_frames {
	const uint8_t *next;
	uint32_t count;
};

/* Pushes frames until the pipeline has a model input and reads it into `input`, or the frames are
 * used up. `frames` is advanced past what was used. Returns whether there is an input. */
bool mlforge_measure_features(struct mlforge_frames *frames, int8_t *input,
			      struct mlforge_measured *measured);

#endif /* MLFORGE_MEASURE_H_ */
