/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The stage that runs several chains on one block. Included by mlforge/pipeline.h.
 */
#ifndef MLFORGE_PIPELINE_BRANCHES_H_
#define MLFORGE_PIPELINE_BRANCHES_H_

#include "mlforge/features.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_stage;

/** @brief A chain of stages whose last one makes int32; none: the block as it is, as int32. */
struct mlforge_branch {
	const struct mlforge_stage *stages;
	uint32_t stages_count;
	uint32_t length; /**< values that it makes */
};

/**
 * @brief What each branch makes of the same block, one behind the other.
 *
 * All branches complete their blocks with the same frame of the signal. In: int16 or int32; out:
 * int32, one block at most. The scratch of the branches lies in `work`, which they share.
 */
struct mlforge_branches {
	const struct mlforge_branch *branches;
	uint32_t count;
	uint8_t samples; /**< enum mlforge_samples, of the input */
};
uint32_t mlforge_branches_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output);
uint32_t mlforge_branches_wants(const struct mlforge_stage *stage, uint32_t blocks);
void mlforge_branches_reset(const struct mlforge_stage *stage);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_BRANCHES_H_ */
