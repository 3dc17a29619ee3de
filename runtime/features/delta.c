/* SPDX-License-Identifier: Apache-2.0
 *
 * Delta: how columns change over time. The slope of a straight line through the newest `width`
 * columns by least squares, behind the column in their middle.
 */
#include <string.h>

#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"

void mlforge_delta_reset(const struct mlforge_stage *stage)
{
	struct mlforge_delta_state *state = stage->state;

	state->next = 0;
	state->seen = 0;
}

uint32_t mlforge_delta_wants(const struct mlforge_stage *stage, uint32_t blocks)
{
	const struct mlforge_delta *delta = stage->tables;
	const struct mlforge_delta_state *state = stage->state;

	return blocks + (state->seen < delta->width ? delta->width - 1U - state->seen : 0U);
}

/* They lie behind the state. */
static int32_t *mlforge_delta_columns_of(struct mlforge_delta_state *state)
{
	return (int32_t *)(state + 1);
}

/* The column that came `age` columns before the newest. */
static const int32_t *mlforge_delta_column(struct mlforge_delta_state *state,
					   const struct mlforge_delta *delta, uint32_t length,
					   uint32_t age)
{
	const uint32_t place = state->next + delta->width - 1U - age; /* below 2 * width */

	return &mlforge_delta_columns_of(
		state)[(place < delta->width ? place : place - delta->width) * length];
}

static void mlforge_delta_slopes(const struct mlforge_delta *delta,
				 struct mlforge_delta_state *state, uint32_t length, int32_t *out)
{
	const uint32_t middle = delta->width / 2U;

	memset(out, 0, length * sizeof(*out));
	for (uint32_t n = 1; n <= middle; n++) {
		const int32_t *later = mlforge_delta_column(state, delta, length, middle - n);
		const int32_t *earlier = mlforge_delta_column(state, delta, length, middle + n);

		for (uint32_t i = 0; i < length; i++) {
			out[i] += (int32_t)n * (later[i] - earlier[i]);
		}
	}
	for (uint32_t i = 0; i < length; i++) {
		out[i] = mlforge_scale_i32(out[i], delta->multiplier, delta->shift);
	}
}

uint32_t mlforge_delta_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output)
{
	const struct mlforge_delta *delta = stage->tables;
	struct mlforge_delta_state *state = stage->state;
	const uint32_t length = stage->input_length;
	int32_t *out = output;

	(void)count; /* 1: behind the first stage that gathers */
	memcpy(&mlforge_delta_columns_of(state)[state->next * length], input,
	       length * sizeof(*out));
	state->next = state->next + 1U == delta->width ? 0U : state->next + 1U;
	state->seen += state->seen < delta->width;
	if (state->seen < delta->width) {
		return 0;
	}
	memcpy(out, mlforge_delta_column(state, delta, length, delta->width / 2U),
	       length * sizeof(*out));
	mlforge_delta_slopes(delta, state, length, &out[length]);
	return 1;
}
