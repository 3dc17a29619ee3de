/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief From raw frames to a model's int8 input.
 *
 * A pipeline is a constant description, emitted from the contract, and a state that the emitted
 * code owns. Frames are 32-bit fixed point with the pipeline's own number of fraction bits. The
 * host computes the features of the training data with this very code.
 */
#ifndef MLFORGE_FEATURES_H_
#define MLFORGE_FEATURES_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_pipeline; /* see mlforge/pipeline.h for its fields */

/**
 * @brief Types of samples.
 */
enum mlforge_samples {
	MLFORGE_SAMPLES_INT32,
	MLFORGE_SAMPLES_INT16,
};

/**
 * @brief Values in one frame: what one call of mlforge_features_push takes.
 */
uint32_t mlforge_features_frame_length(const struct mlforge_pipeline *pipeline);

/**
 * @brief Bytes that mlforge_features_read writes: the size of the model's input.
 */
uint32_t mlforge_features_output_bytes(const struct mlforge_pipeline *pipeline);

/**
 * @brief Forgets all frames.
 */
void mlforge_features_reset(const struct mlforge_pipeline *pipeline);

/**
 * @brief Takes one frame.
 *
 * @param pipeline emitted for the model
 * @param frame    int32 [mlforge_features_frame_length], fixed point with the pipeline's fraction
 *                 bits; a pipeline of int16 samples saturates it
 *
 * @return true when a new model input is ready to be read.
 */
bool mlforge_features_push(const struct mlforge_pipeline *pipeline, const int32_t *frame);

/**
 * @brief What the pipeline takes without converting it.
 */
enum mlforge_samples mlforge_features_samples(const struct mlforge_pipeline *pipeline);

/**
 * @brief Takes frames until a model input is complete, or all: call it again with the rest until
 * none is left.
 *
 * @param pipeline emitted for the model
 * @param frames   int16 or int32 [count][mlforge_features_frame_length], fixed point with the
 *                 pipeline's fraction bits; samples of the pipeline's own type are read where
 *                 they are, others are converted (int32 to int16 saturates)
 * @param samples  their type
 * @param count    of frames
 * @param complete set: whether a new model input is ready to be read
 *
 * @return how many frames it took: above 0 where count is, but for int16 samples in frames of
 *         more than 32 values, which a pipeline of int32 refuses.
 */
uint32_t mlforge_features_push_block(const struct mlforge_pipeline *pipeline, const void *frames,
				     enum mlforge_samples samples, uint32_t count, bool *complete);

/**
 * @brief Writes the newest model input.
 *
 * @param pipeline that returned true from mlforge_features_push, once at least since its reset
 * @param input    int8 [mlforge_features_output_bytes], oldest frame first: the model's own
 *                 quantisation
 */
void mlforge_features_read(const struct mlforge_pipeline *pipeline, int8_t *input);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_FEATURES_H_ */
