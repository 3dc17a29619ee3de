/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief A streamed model: each call takes the columns that are new, and computes what they change.
 *
 * Results are byte for byte those of the same model on whole windows. The first window is complete
 * after model->hop->first calls; until then, what is in the outputs is no result.
 */
#ifndef MLFORGE_HOPS_H_
#define MLFORGE_HOPS_H_

#include <stdbool.h>
#include <string.h>

#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_hops {
	const struct mlforge_model *model; /**< one with a hop */
	uint8_t *arena;                    /**< its own, aligned to MLFORGE_ARENA_ALIGN */
	uint16_t taken;                    /**< calls since the reset; stops at model->hop->first */
};

/**
 * @brief Forgets what came before: at the start, and wherever columns are missing (a gap).
 *
 * @param hops model and arena set
 */
static inline void mlforge_hops_reset(struct mlforge_hops *hops)
{
	mlforge_model_reset(hops->model, hops->arena);
	hops->taken = 0;
}

/**
 * @brief Takes the next columns, and runs what they change.
 *
 * @param hops    after mlforge_hops_reset
 * @param columns [hop->columns][hop->column_bytes], the oldest first; copied. NULL where the
 *                caller has written them to the model's input
 *
 * @return true when there is a result: the outputs are those of the last hop->window columns.
 */
static inline bool mlforge_hops_push(struct mlforge_hops *hops, const void *columns)
{
	const struct mlforge_model *model = hops->model;

	if (columns != NULL) {
		memcpy(hops->arena + model->inputs[0].offset, columns, model->inputs[0].bytes);
	}
	model->invoke(hops->arena);
	if (hops->taken < model->hop->first) {
		hops->taken++;
	}
	return hops->taken >= model->hop->first;
}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_HOPS_H_ */
