/* SPDX-License-Identifier: Apache-2.0
 *
 * From raw frames to a model's int8 input. A pipeline is a constant description, emitted from the
 * contract, and a state that the emitted code owns. Frames are 32-bit fixed point with the
 * pipeline's own number of fraction bits. The host computes the features of the training data with
 * this very code.
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

/* Values in one frame: what one call of mlforge_features_push takes. */
uint32_t mlforge_features_frame_length(const struct mlforge_pipeline *pipeline);

/* Bytes that mlforge_features_read writes: the size of the model's input. */
uint32_t mlforge_features_output_bytes(const struct mlforge_pipeline *pipeline);

/* Forgets all frames. */
void mlforge_features_reset(const struct mlforge_pipeline *pipeline);

/* Takes one frame.
 *
 * pipeline  emitted for the model
 * frame     int32 [mlforge_features_frame_length], fixed point with the pipeline's fraction bits
 *
 * Returns true when a new model input is ready to be read. */
bool mlforge_features_push(const struct mlforge_pipeline *pipeline, const int32_t *frame);

/* Writes the newest model input.
 *
 * pipeline  that returned true from mlforge_features_push, once at least since its reset
 * input     int8 [mlforge_features_output_bytes], oldest frame first: the model's own quantisation
 */
void mlforge_features_read(const struct mlforge_pipeline *pipeline, int8_t *input);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_FEATURES_H_ */
