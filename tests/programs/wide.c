/* SPDX-License-Identifier: Apache-2.0
 * A model by hand with much input: 8000 bytes in two inputs, two outputs of one byte each: the sums
 * of either input.
 */
#include "wide.h"

__attribute__((noinline)) static void wide_op0_sums(uint8_t *arena)
{
	uint8_t first = 0;
	uint8_t second = 0;

	for (int i = 0; i < 5000; i++) {
		first = (uint8_t)(first + arena[3008 + i]);
	}
	for (int i = 0; i < 3000; i++) {
		second = (uint8_t)(second + arena[i]);
	}
	arena[0] = second;
	arena[8008] = first;
}

static void wide_invoke(uint8_t *arena)
{
	wide_op0_sums(arena);
}

static const struct mlforge_tensor wide_inputs[] = {
	{.name = "first",
	 .offset = 3008,
	 .bytes = 5000,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 1,
	 .shape = {5000}},
	{.name = "second",
	 .offset = 0,
	 .bytes = 3000,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 1,
	 .shape = {3000}},
};

static const struct mlforge_tensor wide_outputs[] = {
	{.name = "sum of first",
	 .offset = 8008,
	 .bytes = 1,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 1,
	 .shape = {1}},
	{.name = "sum of second",
	 .offset = 0,
	 .bytes = 1,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 1,
	 .shape = {1}},
};

const struct mlforge_model wide_model = {
	.name = "wide",
	.arena_bytes = 8016,
	.inputs_count = 2,
	.outputs_count = 2,
	.inputs = wide_inputs,
	.outputs = wide_outputs,
	.invoke = wide_invoke,
};
