/* SPDX-License-Identifier: Apache-2.0
 *
 * A model ready to run: with its arena, and, where the application has a contract, with its features and the names of
 * its classes. The build step generates one for each model. No locks: one caller at a time for one instance.
 */
#ifndef MLFORGE_INSTANCE_H_
#define MLFORGE_INSTANCE_H_

#include "mlforge/features.h"
#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_instance {
	const struct mlforge_model *model;
	uint8_t *arena; /* model->arena_bytes, aligned to MLFORGE_ARENA_ALIGN */
	const struct mlforge_pipeline *features; /* NULL: the application writes the model's input itself */
	int8_t frame_frac_bits;                  /* of the features' frames: a value is stored as value * 2^bits */
	uint8_t classes_count;                   /* 0: the outputs have no names */
	const char *const *classes;              /* [classes_count], in the order of the outputs */
	uint32_t deadline_us;                    /* worst-case latency of the contract; 0 for none */
};

/* The bytes of an input (inputs[index].bytes of them), to be written before mlforge_infer. index < inputs_count. */
static inline int8_t *mlforge_input(const struct mlforge_instance *instance, uint8_t index)
{
	return (int8_t *)&instance->arena[instance->model->inputs[index].offset];
}

/* The bytes of an output, valid from mlforge_infer until an input is written. index < outputs_count. */
static inline const int8_t *mlforge_output(const struct mlforge_instance *instance, uint8_t index)
{
	return (const int8_t *)&instance->arena[instance->model->outputs[index].offset];
}

/* One inference, in the caller's thread and on its stack. A model with a state (model->state_bytes) needs one
 * mlforge_reset before the first; the build step's instances have that behind them when main runs. */
static inline void mlforge_infer(const struct mlforge_instance *instance)
{
	instance->model->invoke(instance->arena);
}

/* Takes one frame of sensor values (mlforge_features_frame_length of them, fixed point). When it completes a window,
 * runs an inference and returns true: the outputs are then ready. The instance must have features. */
static inline bool mlforge_push(const struct mlforge_instance *instance, const int32_t *frame)
{
	if (!mlforge_features_push(instance->features, frame)) {
		return false;
	}
	mlforge_features_read(instance->features, mlforge_input(instance, 0));
	mlforge_infer(instance);
	return true;
}

/* Forgets what came before: all frames, and the model's state. */
static inline void mlforge_reset(const struct mlforge_instance *instance)
{
	mlforge_model_reset(instance->model, instance->arena);
	if (instance->features) {
		mlforge_features_reset(instance->features);
	}
}

/* A sensor's value, in millionths of its unit, as the fixed point of the frames: rounded to nearest (ties away from
 * zero), saturated. |micro| < 2^62 / 2^frac_bits, -24 <= frac_bits <= 30. */
int32_t mlforge_frame_value(int64_t micro, int8_t frac_bits);

/* The index of the largest of the values; the first of equals. count > 0. */
static inline uint32_t mlforge_argmax(const int8_t *values, uint32_t count)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i < count; i++) {
		if (values[i] > values[best]) {
			best = i;
		}
	}
	return best;
}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_INSTANCE_H_ */
