/* SPDX-License-Identifier: Apache-2.0
 *
 * A stage of the application's own: how far each axis goes within a frame.
 */
#include <mlforge/user_stage.h>

void shake(const struct mlforge_user_block *block, int32_t *made, void *state)
{
	(void)state;
	for (uint32_t channel = 0; channel < block->channels; channel++) {
		int32_t least = mlforge_user_value(block, 0, channel);
		int32_t most = least;

		for (uint32_t row = 1; row < block->rows; row++) {
			const int32_t value = mlforge_user_value(block, row, channel);

			least = value < least ? value : least;
			most = value > most ? value : most;
		}
		made[channel] = most - least;
	}
}
