/* SPDX-License-Identifier: Apache-2.0
 *
 * A model by hand whose output is the newer of the two frames in its window.
 */
#include "motion_model.h"

#include <string.h>

static void invoke(uint8_t *arena)
{
	memcpy(arena + 8, arena + 4, 4);
}

static const struct mlforge_tensor inputs[] = {
	{.name = "in",
	 .offset = 0,
	 .bytes = 8,
	 .scale = 0.25F,
	 .type = MLFORGE_INT8,
	 .rank = 3,
	 .shape = {1, 2, 4}},
};
static const struct mlforge_tensor outputs[] = {
	{.name = "out",
	 .offset = 8,
	 .bytes = 4,
	 .scale = 0.25F,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 4}},
};
const struct mlforge_model motion_model = {
	.name = "motion",
	.arena_bytes = MOTION_ARENA_BYTES,
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = inputs,
	.outputs = outputs,
	.invoke = invoke,
};
