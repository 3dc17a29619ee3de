/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief TensorFlow Lite Micro behind `struct mlforge_model`: what a model generated for that
 * engine is made of, and the two functions that its descriptor leads to.
 *
 * No heap: interpreter and operators lie in the model's own variables, all else in its arena,
 * which nobody else may therefore use. In C, so that everything above stays C.
 */
#ifndef MLFORGE_TFLM_H_
#define MLFORGE_TFLM_H_

#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_tflm {
	const struct mlforge_model *model;
	const uint8_t *flatbuffer; /**< the .tflite file, aligned to MLFORGE_ARENA_ALIGN */
	/** The model's own tensors. Where the interpreter has put them is known, and entered, when
	 * it has. */
	struct mlforge_tensor *inputs;
	struct mlforge_tensor *outputs;
	/** Makes the resolver, a tflite::MicroOpResolver; NULL where an operator does not go in. */
	const void *(*operators)(void);
	struct mlforge_tflm_interpreter *interpreter;
	/** Resource variables of the model. */
	uint32_t variables;
	/** One function for each operator of the model, called before it runs. NULL for none. */
	void (*const *marks)(void);
};

/**
 * @brief The first time, or with another arena, sets the interpreter up; else makes the model
 * forget.
 *
 * What goes wrong goes to mlforge_tflm_failed.
 */
void mlforge_tflm_reset(const struct mlforge_tflm *engine, uint8_t *arena);

/**
 * @brief Runs one inference; mlforge_tflm_reset must have been called with the same arena.
 */
void mlforge_tflm_invoke(const struct mlforge_tflm *engine, uint8_t *arena);

/**
 * @brief Says that a model is set up, and so many bytes of its arena in use.
 *
 * It may have needed more on the way.
 */
void mlforge_tflm_ready(const char *model, uint32_t used_bytes);

/**
 * @brief Names the model that TensorFlow Lite Micro is at work on, so that where it aborts it is
 * known on what; NULL for none.
 */
void mlforge_tflm_at_work(const char *model);

/**
 * @brief Says what went wrong with a model, and does not return: there is no inference to be had.
 */
__attribute__((noreturn)) void mlforge_tflm_failed(const char *model, const char *what);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_TFLM_H_ */
