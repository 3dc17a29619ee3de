/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief A streamed model: each call takes the columns that are new, and computes what they change.
 *
 * Results are byte for byte those of the same model on whole windows. The first window is complete
 * after model->hop->first calls; until then, what is in the outputs is no result. Call
 * mlforge_model_reset first, and wherever columns are missing (a gap).
 */
#ifndef MLFORGE_HOPS_H_
#define MLFORGE_HOPS_H_

#include <string.h>

#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Takes the next columns, and runs what they change.
 *
 * @param model   one with a hop
 * @param arena   its own, aligned to MLFORGE_ARENA_ALIGN, after mlforge_model_reset
 * @param columns [hop->columns][hop->column_bytes], the oldest first; copied. NULL where the
 *                caller has written them to the model's input
 *
 * @return true when there is a result: the outputs are those of the last hop->window columns.
 */
static inline bool mlforge_hop_push(const struct mlforge_model *model, uint8_t *arena,
				    const void *columns)
{
	if (columns != NULL) {
		memcpy(arena + model->inputs[0].offset, columns, model->inputs[0].bytes);
	}
	model->invoke(arena);
	return mlforge_model_has_result(model, arena);
}

/**
 * @brief Writes to a model's input what the `call`-th inference after a reset takes of a whole
 * window, such as that of a golden vector. After hop->first calls, each followed by invoke, the
 * outputs are those of the window.
 *
 * @param model  one with a hop
 * @param arena  its own
 * @param window [hop->window][hop->column_bytes], the oldest column first
 * @param call   from 0, below hop->first. Where the hop does not divide the window, columns in
 *               front of it are missing in the first: what the arena has stays there
 */
static inline void mlforge_hop_write(const struct mlforge_model *model, uint8_t *arena,
				     const void *window, uint16_t call)
{
	const struct mlforge_hop *hop = model->hop;
	const size_t hop_bytes = model->inputs[0].bytes;
	const size_t newer = (size_t)(hop->first - 1 - call) * hop_bytes;
	const size_t end = (size_t)hop->window * hop->column_bytes - newer;
	const size_t bytes = end < hop_bytes ? end : hop_bytes;

	memcpy(arena + model->inputs[0].offset + hop_bytes - bytes,
	       (const uint8_t *)window + end - bytes, bytes);
}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_HOPS_H_ */
