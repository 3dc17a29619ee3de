/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief What a compiled model offers to the application: a constant descriptor, and a function
 * that runs one inference in an arena that the caller owns.
 *
 * No heap, no globals; two models need only two arenas (or one, used in turn, where neither has a
 * state that it keeps in it).
 */
#ifndef MLFORGE_MODEL_H_
#define MLFORGE_MODEL_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The arena's alignment in bytes: mlforge_model.invoke assumes it.
 */
#define MLFORGE_ARENA_ALIGN 16

enum mlforge_type {
	MLFORGE_INT8 = 1,
	MLFORGE_INT16 = 2,
	MLFORGE_INT32 = 3,
	MLFORGE_FLOAT32 = 4,
	MLFORGE_UINT8 = 5,
	MLFORGE_BOOL = 6, /**< one byte, 0 or 1 */
	MLFORGE_UINT32 = 7,
	MLFORGE_UINT64 = 8, /**< 4-byte aligned, as all tensors */
};

/**
 * @brief One input or output.
 *
 * A quantised value q stands for scale * (q - zero_point).
 */
struct mlforge_tensor {
	const char *name;
	uint32_t offset; /**< bytes from the start of the arena */
	uint32_t bytes;
	float scale;
	int32_t zero_point;
	uint8_t type; /**< enum mlforge_type */
	uint8_t rank;
	uint16_t shape[6]; /**< with the batch, which is 1 */
};

/**
 * @brief How a model takes a stream: see hops.h.
 */
struct mlforge_hop {
	uint16_t columns; /**< new ones in each inference: all that its input holds */
	uint16_t window;  /**< columns that a result is about */
	uint16_t first;   /**< inference after a reset, counted from 1, with the first result */
	uint32_t column_bytes;
	uint32_t taken; /**< bytes from the start of the arena: int32, inferences since the reset */
};

/**
 * @brief The operators of a model, which `invoke` runs in this order; see mlforge/steps.h.
 */
struct mlforge_steps {
	uint16_t count;
	void (*const *run)(uint8_t *arena); /**< [count] */
};

struct mlforge_model {
	const char *name;
	uint32_t arena_bytes;
	uint8_t inputs_count;
	uint8_t outputs_count;
	const struct mlforge_tensor *inputs;
	const struct mlforge_tensor *outputs;
	/** Runs one inference. `arena` has arena_bytes and MLFORGE_ARENA_ALIGN; the inputs were
	 * written into it, the outputs are read from it. The inputs do not survive. */
	void (*invoke)(uint8_t *arena);
	/** What a model remembers from one inference to the next: the first state_bytes of the
	 * arena, which nobody else may write. 0 for a model without memory. */
	uint32_t state_bytes;
	/** Makes it forget. To be called before the first inference; see mlforge_model_reset. NULL
	 * without memory. */
	void (*reset)(uint8_t *arena);
	/** NULL: an inference takes a whole window. */
	const struct mlforge_hop *hop;
};

/**
 * @brief Whether the outputs are a result, after an inference.
 *
 * Always, but where a streamed model has not seen a whole window yet.
 */
static inline bool mlforge_model_has_result(const struct mlforge_model *model, const uint8_t *arena)
{
	return model->hop == NULL ||
	       *(const int32_t *)(const void *)(arena + model->hop->taken) >= model->hop->first;
}

/**
 * @brief Makes any model forget what came before.
 *
 * Nothing happens to a model that has no memory.
 */
static inline void mlforge_model_reset(const struct mlforge_model *model, uint8_t *arena)
{
	if (model->state_bytes != 0) {
		model->reset(arena);
	}
}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_MODEL_H_ */
