/* SPDX-License-Identifier: Apache-2.0
 * A model by hand: 4 inputs, 2 outputs, two operators. Output 0 is the sum of the inputs, output 1
 * their difference, each plus a bias from flash; saturation left out. Enough to test targets
 * without the compiler.
 */
#include "tiny.h"

static const int8_t tiny_w0[2] = {3, -5};

__attribute__((noinline)) static void tiny_op0_sum(uint8_t *arena)
{
	const int8_t *input = (const int8_t *)arena;

	arena[16] = (uint8_t)(input[0] + input[1] + input[2] + input[3] + tiny_w0[0]);
}

__attribute__((noinline)) static void tiny_op1_difference(uint8_t *arena)
{
	const int8_t *input = (const int8_t *)arena;
	volatile int32_t total = 0;

	for (int i = 0; i < 10; i++) {
		total += input[i & 3] & i;
	}
	arena[17] = (uint8_t)(input[0] - input[1] - input[2] - input[3] + tiny_w0[1]);
}

static void tiny_invoke(uint8_t *arena)
{
	tiny_op0_sum(arena);
	tiny_op1_difference(arena);
	arena[0] = 99; /* inputs need not survive */
}

static const struct mlforge_tensor tiny_inputs[] = {
	{.name = "in",
	 .offset = 0,
	 .bytes = 4,
	 .scale = 0.5F,
	 .zero_point = 0,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 4}},
};

static const struct mlforge_tensor tiny_outputs[] = {
	{.name = "out",
	 .offset = 16,
	 .bytes = 2,
	 .scale = 0.125F,
	 .zero_point = 1,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 2}},
};

const struct mlforge_model tiny_model = {
	.name = "tiny",
	.arena_bytes = 32,
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = tiny_inputs,
	.outputs = tiny_outputs,
	.invoke = tiny_invoke,
};
