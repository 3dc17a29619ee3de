/* SPDX-License-Identifier: Apache-2.0
 *
 * What is attached to the measuring firmware: a model and its arena, perhaps a feature pipeline, or
 * nothing at all (the baseline, whose size is what the firmware itself costs). One generated file
 * defines `mlforge_app`.
 */
#ifndef MLFORGE_APP_H_
#define MLFORGE_APP_H_

#include <stdint.h>

#include "mlforge/decision.h"
#include "mlforge/features.h"
#include "mlforge/model.h"
#include "wire.h"

/* The pipeline's functions by pointer, so that a firmware without a pipeline does not link them. */
struct mlforge_app_pipeline {
	const struct mlforge_pipeline *pipeline;
	uint32_t (*frame_length)(const struct mlforge_pipeline *pipeline);
	uint32_t (*output_bytes)(const struct mlforge_pipeline *pipeline);
	void (*reset)(const struct mlforge_pipeline *pipeline);
	/* One of the two: of a pipeline of int32 frames, and of one of int16. */
	bool (*push)(const struct mlforge_pipeline *pipeline, const int32_t *frame);
	uint32_t (*push_block)(const struct mlforge_pipeline *pipeline, const void *frames,
			       enum mlforge_samples samples, uint32_t count, bool *complete);
	void (*read)(const struct mlforge_pipeline *pipeline, int8_t *input);
};

struct mlforge_app {
	const char *name;
	const char
		*id; /* 16 hex digits of all that was compiled into the firmware for this model */
	const struct mlforge_model *model; /* NULL in the baseline */
	uint8_t *arena;
	const struct mlforge_app_pipeline *pipeline; /* NULL without features */
	/* Not called here: what a decision takes of the image counts as the model's. */
	const struct mlforge_decision *decision; /* NULL without one */
	int32_t (*decide)(const struct mlforge_decision *decision, const int8_t *scores);
	const struct mlforge_wire *wire; /* NULL where inputs are sent as the model takes them */
};

extern const struct mlforge_app mlforge_app;

#endif /* MLFORGE_APP_H_ */
