/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief A model ready to run: with its arena, and, where the application has a contract, with
 * its features and the names of its classes.
 *
 * The build step generates one for each model. No locks: one caller at a time for one instance.
 */
#ifndef MLFORGE_INSTANCE_H_
#define MLFORGE_INSTANCE_H_

#include <string.h>

#include "mlforge/decision.h"
#include "mlforge/features.h"
#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Stands behind an instance whose inferences are watched (monitor.h).
 */
struct mlforge_supervisor {
	const volatile bool *allowed; /**< false: there are no inferences, because the bundle is not
				what it should be */
	/** What the features get in place of `frame`, which is of `samples`. */
	const int32_t *(*frame)(const struct mlforge_supervisor *supervisor, const void *frame,
				enum mlforge_samples samples);
	/** One inference; false where none is allowed, or there is no result yet. */
	bool (*infer)(const struct mlforge_supervisor *supervisor);
	void (*forget)(const struct mlforge_supervisor *supervisor);
	/** True while frames may pass as they are, unseen. */
	bool (*passes)(const struct mlforge_supervisor *supervisor);
};

/**
 * @brief What missing frames do to the results: the contract's `data.signal.gaps`.
 */
enum mlforge_gaps {
	MLFORGE_GAPS_KEEP,    /**< nothing: what comes behind a gap goes on where it began */
	MLFORGE_GAPS_FLAG,    /**< results are marked while a gap is in their window */
	MLFORGE_GAPS_RESTART, /**< no result before a whole window has come behind the gap */
};

struct mlforge_instance {
	const struct mlforge_model *model;
	uint8_t *arena; /**< model->arena_bytes, aligned to MLFORGE_ARENA_ALIGN */
	const struct mlforge_pipeline
		*features;      /**< NULL: the application writes the model's input itself */
	int8_t frame_frac_bits; /**< of the features' frames: a value is stored as value * 2^bits */
	uint8_t classes_count;  /**< 0: the outputs have no names */
	const char *const *classes; /**< [classes_count], in the order of the outputs */
	uint32_t deadline_us;       /**< worst-case latency of the contract; 0 for none */
	const struct mlforge_supervisor *supervisor; /**< NULL: nobody watches */
	const struct mlforge_decision *decision;     /**< NULL: the contract has no `decision` */
	uint32_t window_frames; /**< that the features' first window takes; 0 without features */
	uint32_t hop_frames;    /**< from one window to the next */
	uint8_t gaps;           /**< enum mlforge_gaps */
};

/**
 * @brief Initialises a struct mlforge_instance without features in C and C++, with every warning
 * on.
 *
 * @param its_model address of its struct mlforge_model
 * @param its_arena uint8_t [model->arena_bytes], aligned to MLFORGE_ARENA_ALIGN
 */
#define MLFORGE_INSTANCE_INIT(its_model, its_arena)                                                \
	{(its_model), (its_arena), NULL, 0, 0, NULL, 0, NULL, NULL, 0, 0, 0}

/**
 * @brief Whether there are inferences: always, but where the release of this image is watched and
 * did not pass its check.
 *
 * @param instance of any model
 */
static inline bool mlforge_allowed(const struct mlforge_instance *instance)
{
	return instance->supervisor == NULL || *instance->supervisor->allowed;
}

/**
 * @brief Where an input is to be written before mlforge_infer.
 *
 * @param instance of the model
 * @param index    of the input, below model->inputs_count
 *
 * @return [inputs[index].bytes] in the arena, the type and shape those of inputs[index], channels
 *         last, the batch 1; a value is stored as round(value / scale) + zero_point. An inference
 *         does not leave it as it was.
 */
static inline int8_t *mlforge_input(const struct mlforge_instance *instance, uint8_t index)
{
	return (int8_t *)&instance->arena[instance->model->inputs[index].offset];
}

/**
 * @brief Where an output is to be read after mlforge_infer.
 *
 * @param instance of the model
 * @param index    of the output, below model->outputs_count
 *
 * @return [outputs[index].bytes] in the arena, the type and shape those of outputs[index]; a
 *         stored q stands for scale * (q - zero_point). Valid until an input is written or the
 *         next inference begins.
 */
static inline const int8_t *mlforge_output(const struct mlforge_instance *instance, uint8_t index)
{
	return (const int8_t *)&instance->arena[instance->model->outputs[index].offset];
}

/** @cond INTERNAL_HIDDEN */
/* What follows the last operator: whether there is a result, and then the decision on it. */
static inline bool mlforge_conclude(const struct mlforge_instance *instance)
{
	if (!mlforge_model_has_result(instance->model, instance->arena)) {
		return false;
	}
	if (instance->decision == NULL) {
		return true;
	}
	if (instance->decision->decide != NULL) {
		(void)instance->decision->decide(instance->decision, instance->model,
						 mlforge_output(instance, 0));
	} else {
		(void)mlforge_decide(instance->decision, mlforge_output(instance, 0));
	}
	return true;
}

/* What an inference overwrites, and its decision needs. */
static inline void mlforge_keep_input(const struct mlforge_instance *instance)
{
	if (instance->decision != NULL && instance->decision->given != NULL) {
		memcpy(instance->decision->given, mlforge_input(instance, 0),
		       instance->model->inputs[0].bytes);
	}
}
/** @endcond */

/**
 * @brief One inference, in the caller's thread and on its stack.
 *
 * @param instance of the model, with all its inputs written. A model with a state
 *                 (model->state_bytes) needs one mlforge_reset before the first; the build step's
 *                 instances have that behind them when main runs
 *
 * @return true; false, and nothing done, where there are no inferences: see mlforge_allowed. A
 *         streamed model (hops.h) returns false, too, until it has seen a whole window.
 */
static inline bool mlforge_infer(const struct mlforge_instance *instance)
{
	if (instance->supervisor != NULL) {
		return instance->supervisor->infer(instance->supervisor);
	}
	mlforge_keep_input(instance);
	instance->model->invoke(instance->arena);
	return mlforge_conclude(instance);
}

/**
 * @brief What the newest inference comes to, by the contract's `decision`.
 *
 * @param instance of a model whose contract has one
 *
 * @return the class whose event began with it, or MLFORGE_NO_DECISION.
 */
static inline int32_t mlforge_event(const struct mlforge_instance *instance)
{
	return instance->decision == NULL ? MLFORGE_NO_DECISION
					  : mlforge_decision_event(instance->decision);
}

/**
 * @brief Takes one frame of sensor values, without an inference.
 *
 * @param instance of a model with features
 * @param frame    int32 [mlforge_features_frame_length], fixed point with frame_frac_bits: see
 *                 mlforge_frame_value. Copied
 *
 * @return true when it completes a window, which mlforge_features_read then gives.
 */
static inline bool mlforge_take(const struct mlforge_instance *instance, const int32_t *frame)
{
	if (instance->supervisor != NULL) {
		frame = instance->supervisor->frame(instance->supervisor, frame,
						    MLFORGE_SAMPLES_INT32);
	}
	return mlforge_features_push(instance->features, frame);
}

/**
 * @brief Takes one frame of sensor values, and runs an inference when it completes a window.
 *
 * @param instance of a model with features
 * @param frame    as mlforge_take's
 *
 * @return true when there was an inference, whose outputs are then ready.
 */
static inline bool mlforge_push(const struct mlforge_instance *instance, const int32_t *frame)
{
	if (!mlforge_take(instance, frame)) {
		return false;
	}
	mlforge_features_read(instance->features, mlforge_input(instance, 0));
	return mlforge_infer(instance);
}

/**
 * @brief Takes frames until they complete a window, or all, without an inference.
 *
 * @param instance of a model with features
 * @param frames   int16 or int32 [count][mlforge_features_frame_length], fixed point with
 *                 frame_frac_bits. Read where they are, and not needed any more after the call
 * @param samples  their type
 * @param count    of frames
 * @param complete set: whether a window is complete, which mlforge_features_read then gives
 *
 * @return how many frames it took, as mlforge_features_push_block does: call it again with the
 *         rest until none is left.
 */
uint32_t mlforge_take_block(const struct mlforge_instance *instance, const void *frames,
			    enum mlforge_samples samples, uint32_t count, bool *complete);

/**
 * @brief Takes frames until they complete a window, and then runs an inference, or takes all.
 *
 * The others, and what it returns, as mlforge_take_block.
 *
 * @param inferred set: whether there was an inference, whose outputs are then ready
 */
uint32_t mlforge_push_block(const struct mlforge_instance *instance, const void *frames,
			    enum mlforge_samples samples, uint32_t count, bool *inferred);

/**
 * @brief Forgets what came before of all but the features: the model's state, and a decision.
 *
 * @param instance of any model
 */
static inline void mlforge_forget(const struct mlforge_instance *instance)
{
	mlforge_model_reset(instance->model, instance->arena);
	if (instance->decision != NULL) {
		mlforge_decision_reset(instance->decision);
	}
	if (instance->supervisor != NULL) {
		instance->supervisor->forget(instance->supervisor);
	}
}

/**
 * @brief Forgets what came before: all frames, the model's state, and a decision.
 *
 * @param instance of any model
 */
static inline void mlforge_reset(const struct mlforge_instance *instance)
{
	if (instance->features) {
		mlforge_features_reset(instance->features);
	}
	mlforge_forget(instance);
}

/**
 * @brief What a value of an output stands for.
 *
 * @param instance of a model, after an inference
 * @param output   below model->outputs_count; a quantised one of int8
 * @param index    of the value, below outputs[output].bytes
 *
 * @return scale * (q - zero_point).
 */
static inline float mlforge_output_value(const struct mlforge_instance *instance, uint8_t output,
					 uint32_t index)
{
	const struct mlforge_tensor *tensor = &instance->model->outputs[output];

	return (float)(mlforge_output(instance, output)[index] - tensor->zero_point) *
	       tensor->scale;
}

/**
 * @brief A sensor's value as the fixed point of the frames.
 *
 * @param micro     in millionths of its unit, |micro| < 2^62 / 2^frac_bits
 * @param frac_bits fraction bits, -24 .. 30: frame_frac_bits of the instance
 *
 * @return value * 2^frac_bits, rounded to nearest (ties away from zero), saturated to int32.
 */
int32_t mlforge_frame_value(int64_t micro, int8_t frac_bits);

/**
 * @brief The index of the largest value.
 *
 * @param values int8 [count]
 * @param count  above 0
 *
 * @return 0 .. count - 1; of equals, the first.
 */
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
