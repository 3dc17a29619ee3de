/* SPDX-License-Identifier: Apache-2.0
 *
 * Branches: several chains on one block, and what they make in one block. Knows no particular
 * stage.
 */
#include <string.h>

#include "mlforge/pipeline.h"
#include "features/samples.h"

/* The block as it is. */
static void mlforge_branches_pass(const struct mlforge_branches *all, const void *input,
				  uint32_t length, int32_t *place)
{
	if (all->samples == MLFORGE_SAMPLES_INT16) {
		mlforge_convert_samples(input, MLFORGE_SAMPLES_INT16, length, place);
	} else {
		memcpy(place, input, length * sizeof(*place));
	}
}

/* Returns how many blocks the branch has made. */
static uint32_t mlforge_branches_run(const struct mlforge_branch *branch, const void *block,
				     uint32_t count, int32_t *place)
{
	const struct mlforge_stage *const end = branch->stages + branch->stages_count;

	for (const struct mlforge_stage *stage = branch->stages; stage != end; stage++) {
		void *output = stage + 1 == end ? (void *)place : stage->output;

		count = stage->process(stage, block, count, output);
		if (count == 0) {
			return 0;
		}
		block = output;
	}
	return count;
}

uint32_t mlforge_branches_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output)
{
	const struct mlforge_branches *all = stage->tables;
	const struct mlforge_branch *const end = all->branches + all->count;
	int32_t *place = output;
	uint32_t made = 0;

	for (const struct mlforge_branch *branch = all->branches; branch != end; branch++) {
		if (branch->stages_count == 0) {
			mlforge_branches_pass(all, input, branch->length, place);
			made = count;
		} else {
			made = mlforge_branches_run(branch, input, count, place);
		}
		place += branch->length;
	}
	return made;
}

/* All of them want the same. */
uint32_t mlforge_branches_wants(const struct mlforge_stage *stage, uint32_t blocks)
{
	const struct mlforge_branches *all = stage->tables;
	const struct mlforge_branch *first = all->branches;

	for (uint32_t i = first->stages_count; i > 0; i--) {
		const struct mlforge_stage *one = &first->stages[i - 1U];

		if (one->wants) {
			blocks = one->wants(one, blocks);
		}
	}
	return blocks;
}

void mlforge_branches_reset(const struct mlforge_stage *stage)
{
	const struct mlforge_branches *all = stage->tables;

	for (uint32_t branch = 0; branch < all->count; branch++) {
		for (uint32_t i = 0; i < all->branches[branch].stages_count; i++) {
			const struct mlforge_stage *one = &all->branches[branch].stages[i];

			if (one->reset) {
				one->reset(one);
			}
		}
	}
}
