/* SPDX-License-Identifier: Apache-2.0
 *
 * Decimate: a low-pass whose output is computed only where it is kept.
 */
#include <string.h>

#include "mlforge/pipeline.h"
#include "features/signal.h"

struct mlforge_decimate_state {
	uint32_t begun;
	uint32_t oldest; /* frame of the ring */
	uint32_t since;  /* samples since the last output */
};

void mlforge_decimate_reset(const struct mlforge_stage *stage)
{
	memset(stage->state, 0, sizeof(struct mlforge_decimate_state));
}

uint32_t mlforge_decimate_wants(const struct mlforge_stage *stage, uint32_t blocks)
{
	const struct mlforge_decimate *tables = stage->tables;
	const struct mlforge_decimate_state *state = stage->state;

	return blocks * tables->factor - state->since;
}

/* Of `count` frames of the ring, from `first` on. */
static int64_t mlforge_decimate_products(const struct mlforge_decimate *tables, const void *ring,
					 uint32_t first, uint32_t count, const int16_t *taps,
					 uint32_t channel)
{
	uint32_t at = first * tables->channels + channel;
	int64_t sum = 0;

	for (uint32_t i = 0; i < count; i++, at += tables->channels) {
		sum += (int64_t)mlforge_sample(ring, tables->samples, at) * taps[i];
	}
	return sum;
}

/* One output of each channel. */
static void mlforge_decimate_filter(const struct mlforge_decimate *tables, const void *ring,
				    uint32_t oldest, int32_t *out)
{
	const uint32_t older = tables->length - oldest;
	const int64_t half = (int64_t)1 << (tables->shift - 1);

	for (uint32_t channel = 0; channel < tables->channels; channel++) {
		const int64_t sum = mlforge_decimate_products(tables, ring, oldest, older,
							      tables->taps, channel) +
				    mlforge_decimate_products(tables, ring, 0, oldest,
							      &tables->taps[older], channel);

		out[channel] = (int32_t)((sum + half) >> tables->shift);
	}
}

uint32_t mlforge_decimate_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output)
{
	const struct mlforge_decimate *tables = stage->tables;
	struct mlforge_decimate_state *state = stage->state;
	uint8_t *ring = (uint8_t *)(state + 1);
	const uint32_t length = tables->length;
	const size_t bytes =
		(size_t)tables->channels *
		(tables->samples == MLFORGE_SAMPLES_INT16 ? sizeof(int16_t) : sizeof(int32_t));
	const uint8_t *in = input;
	uint32_t made = 0;

	for (uint32_t i = 0; !state->begun && i < length; i++) {
		memcpy(&ring[i * bytes], in, bytes);
	}
	state->begun = 1;
	for (; count > 0; count--, in += bytes) {
		memcpy(&ring[state->oldest * bytes], in, bytes);
		state->oldest = state->oldest + 1U == length ? 0 : state->oldest + 1U;
		state->since++;
		if (state->since == tables->factor) {
			state->since = 0;
			mlforge_decimate_filter(tables, ring, state->oldest,
						(int32_t *)output + made * tables->channels);
			made++;
		}
	}
	return made;
}
