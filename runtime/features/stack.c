/* SPDX-License-Identifier: Apache-2.0
 *
 * Stack: each column with those in front of it.
 */
#include <string.h>

#include "mlforge/pipeline.h"

void mlforge_stack_reset(const struct mlforge_stage *stage)
{
	struct mlforge_stack_state *state = stage->state;

	state->next = 0;
	state->seen = 0;
}

uint32_t mlforge_stack_wants(const struct mlforge_stage *stage, uint32_t blocks)
{
	const struct mlforge_stack *stack = stage->tables;
	const struct mlforge_stack_state *state = stage->state;

	return blocks + (state->seen < stack->columns ? stack->columns - 1U - state->seen : 0U);
}

uint32_t mlforge_stack_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output)
{
	const struct mlforge_stack *stack = stage->tables;
	struct mlforge_stack_state *state = stage->state;
	const uint32_t length = stage->input_length;
	int32_t *columns = (int32_t *)(state + 1);
	int32_t *out = output;

	(void)count; /* 1: behind the first stage that gathers */
	memcpy(&columns[state->next * length], input, length * sizeof(*out));
	state->next = state->next + 1U == stack->columns ? 0U : state->next + 1U;
	state->seen += state->seen < stack->columns;
	if (state->seen < stack->columns) {
		return 0;
	}
	const uint32_t older = (stack->columns - state->next) * length;

	memcpy(out, &columns[state->next * length], older * sizeof(*out));
	memcpy(&out[older], columns, state->next * length * sizeof(*out));
	return 1;
}
