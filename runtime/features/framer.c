/* SPDX-License-Identifier: Apache-2.0
 *
 * Frame: overlapping stretches of a signal. Samples are gathered where the next stage reads them;
 * what the next stretch has in common with this one moves to the front when its first sample comes,
 * from behind or from where it was saved.
 */
#include "mlforge/pipeline.h"
#include "features/copy.h"

void mlforge_framer_reset(const struct mlforge_stage *stage)
{
	struct mlforge_framer_state *state = stage->state;

	state->filled = 0;
}

uint32_t mlforge_framer_wants(const struct mlforge_stage *stage, uint32_t blocks)
{
	const struct mlforge_framer *framer = stage->tables;
	const struct mlforge_framer_state *state = stage->state;
	const uint32_t first =
		state->filled == framer->length ? framer->hop : framer->length - state->filled;

	return first + (blocks - 1) * framer->hop;
}

uint32_t mlforge_framer_process(const struct mlforge_stage *stage, const void *input,
				uint32_t count, void *output)
{
	const struct mlforge_framer *framer = stage->tables;
	struct mlforge_framer_state *state = stage->state;
	uint8_t *samples = output;

	const uint32_t passed = framer->hop * framer->bytes;
	const uint32_t common = framer->length * framer->bytes - passed;

	if (state->filled == framer->length) {
		state->filled -= framer->hop;
		mlforge_copy_down(samples, stage->work ? stage->work : &samples[passed], common);
	}
	mlforge_copy_down(&samples[state->filled * framer->bytes], input, count * framer->bytes);
	state->filled += count;
	if (state->filled < framer->length) {
		return 0;
	}
	if (stage->work) {
		mlforge_copy_down(stage->work, &samples[passed], common);
	}
	return 1;
}
