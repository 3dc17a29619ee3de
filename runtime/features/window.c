/* SPDX-License-Identifier: Apache-2.0
 *
 * Window: the newest `length` blocks, in a ring that moves no data until a model input is read.
 */
#include <string.h>

#include "features/copy.h"
#include "features/window.h"

void mlforge_window_reset(const struct mlforge_collector *window)
{
	memset(window->state, 0, sizeof(*window->state));
}

void *mlforge_window_slot(const struct mlforge_collector *window)
{
	return &window->ring[window->state->next * window->block_bytes];
}

uint32_t mlforge_window_room(const struct mlforge_collector *window)
{
	const struct mlforge_collector_state *state = window->state;
	const uint32_t turn = window->length - state->next;
	const uint32_t input = (state->begun ? window->hop : window->length) - state->seen;

	return turn < input ? turn : input;
}

bool mlforge_window_push(const struct mlforge_collector *window, uint32_t count)
{
	struct mlforge_collector_state *state = window->state;

	state->next = state->next + count == window->length ? 0 : state->next + count;
	state->seen += count;
	if (state->seen != (state->begun ? window->hop : window->length)) {
		return false;
	}
	state->seen = 0;
	state->begun = 1;
	return true;
}

void mlforge_window_read(const struct mlforge_collector *window, void *input)
{
	const uint32_t newer = window->state->next * window->block_bytes;
	const uint32_t older = window->length * window->block_bytes - newer;
	uint8_t *out = input;

	mlforge_copy_down(out, &window->ring[newer], older);
	mlforge_copy_down(&out[older], window->ring, newer);
}
