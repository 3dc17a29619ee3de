/* SPDX-License-Identifier: Apache-2.0
 *
 * Window: the newest `length` blocks, in a ring that moves no data until a model input is read.
 */
#include <string.h>

#include "features/window.h"

void mlforge_window_reset(const struct mlforge_collector *window)
{
	memset(window->state, 0, sizeof(*window->state));
}

void *mlforge_window_slot(const struct mlforge_collector *window)
{
	return &window->ring[window->state->next * window->block_bytes];
}

bool mlforge_window_push(const struct mlforge_collector *window)
{
	struct mlforge_collector_state *state = window->state;

	state->next = state->next + 1 == window->length ? 0 : state->next + 1;
	state->seen++;
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

	memcpy(out, &window->ring[newer], older);
	memcpy(&out[older], window->ring, newer);
}
