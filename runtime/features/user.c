/* SPDX-License-Identifier: Apache-2.0
 *
 * User: a stage of the application's own.
 */
#include <string.h>

#include "mlforge/pipeline.h"

void mlforge_user_reset(const struct mlforge_stage *stage)
{
	const struct mlforge_user *user = stage->tables;

	if (stage->state != NULL) {
		memset(stage->state, 0, user->state_bytes);
	}
}

uint32_t mlforge_user_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			      void *output)
{
	const struct mlforge_user *user = stage->tables;
	const uint32_t bytes = stage->input_length * (user->wide ? 4U : 2U);
	const uint8_t *in = input;
	int32_t *out = output;

	for (uint32_t i = 0; i < count; i++, in += bytes, out += stage->output_length) {
		const struct mlforge_user_block block = {
			.values = in,
			.rows = user->rows,
			.channels = user->channels,
			.frac_bits = user->frac_bits,
			.wide = user->wide,
		};

		user->function(&block, out, stage->state);
	}
	return count;
}
