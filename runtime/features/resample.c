/* SPDX-License-Identifier: Apache-2.0
 *
 * Resample: from the signal's rate to `up` / `down` of it, by a low-pass in polyphase form: only
 * the products that reach an output are computed. Decimation is `up` = 1.
 */
#include <string.h>

#include "mlforge/pipeline.h"
#include "features/samples.h"

#define RESAMPLE_MOST_UNITS 0x3fffffffU

struct mlforge_resample_state {
	uint32_t begun;
	uint32_t oldest; /* frame of the ring */
	uint32_t since;  /* time since the last output, in units of 1 / up of a sample */
};

/* Taps of one phase, the oldest sample's first: in the order of the table, or from its end. */
struct mlforge_resample_taps {
	const int16_t *next;
	int32_t direction;
};

void mlforge_resample_reset(const struct mlforge_stage *stage)
{
	memset(stage->state, 0, sizeof(struct mlforge_resample_state));
}

uint32_t mlforge_resample_wants(const struct mlforge_stage *stage, uint32_t blocks)
{
	const struct mlforge_resample *tables = stage->tables;
	const struct mlforge_resample_state *state = stage->state;
	const uint32_t most = RESAMPLE_MOST_UNITS / tables->down; /* so that products fit */
	const uint32_t units = (blocks < most ? blocks : most) * tables->down - state->since;

	return (units + tables->up - 1U) / tables->up;
}

/* Of `count` frames of the ring; goes on to the taps behind them. */
static int64_t mlforge_resample_narrow(const int16_t *samples, uint32_t step, uint32_t count,
				       struct mlforge_resample_taps *taps)
{
	const int16_t *tap = taps->next;
	const int32_t direction = taps->direction;
	int64_t sum = 0;

	for (; count > 0; count--, samples += step, tap += direction) {
		sum += (int32_t)*samples * *tap;
	}
	taps->next = tap;
	return sum;
}

static int64_t mlforge_resample_wide(const int32_t *samples, uint32_t step, uint32_t count,
				     struct mlforge_resample_taps *taps)
{
	const int16_t *tap = taps->next;
	const int32_t direction = taps->direction;
	int64_t sum = 0;

	for (; count > 0; count--, samples += step, tap += direction) {
		sum += (int64_t)*samples * *tap;
	}
	taps->next = tap;
	return sum;
}

static int64_t mlforge_resample_products(const struct mlforge_resample *tables, const void *ring,
					 uint32_t oldest, uint32_t channel,
					 struct mlforge_resample_taps taps)
{
	const uint32_t step = tables->channels;
	const uint32_t older = tables->length - oldest;

	if (tables->samples == MLFORGE_SAMPLES_INT16) {
		const int16_t *samples = (const int16_t *)ring + channel;
		const int64_t sum =
			mlforge_resample_narrow(&samples[oldest * step], step, older, &taps);

		return sum + mlforge_resample_narrow(samples, step, oldest, &taps);
	}
	const int32_t *samples = (const int32_t *)ring + channel;
	const int64_t sum = mlforge_resample_wide(&samples[oldest * step], step, older, &taps);

	return sum + mlforge_resample_wide(samples, step, oldest, &taps);
}

/* The table has the first half of the phases: phase up - 1 - p is phase p, backwards. */
static struct mlforge_resample_taps mlforge_resample_phase(const struct mlforge_resample *tables,
							   uint32_t phase)
{
	const uint32_t mirrored = tables->up - 1U - phase;

	if (phase <= mirrored) {
		return (struct mlforge_resample_taps){&tables->taps[phase * tables->length], 1};
	}
	return (struct mlforge_resample_taps){&tables->taps[(mirrored + 1U) * tables->length - 1U],
					      -1};
}

/* One output of each channel, `late` units before the newest sample. */
static void mlforge_resample_filter(const struct mlforge_resample *tables, const void *ring,
				    uint32_t oldest, uint32_t late, int32_t *out)
{
	const struct mlforge_resample_taps taps =
		mlforge_resample_phase(tables, tables->up - 1U - late);
	const int64_t half = (int64_t)1 << (tables->shift - 1);

	for (uint32_t channel = 0; channel < tables->channels; channel++) {
		const int64_t sum = mlforge_resample_products(tables, ring, oldest, channel, taps);

		out[channel] = (int32_t)((sum + half) >> tables->shift);
	}
}

uint32_t mlforge_resample_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output)
{
	const struct mlforge_resample *tables = stage->tables;
	struct mlforge_resample_state *state = stage->state;
	uint8_t *ring = (uint8_t *)(state + 1);
	const uint32_t length = tables->length;
	const size_t bytes = (size_t)tables->channels * mlforge_sample_bytes(tables->samples);
	const uint8_t *in = input;
	int32_t *out = output;
	uint32_t made = 0;

	for (uint32_t i = 0; !state->begun && i < length; i++) {
		memcpy(&ring[i * bytes], in, bytes);
	}
	state->begun = 1;
	for (; count > 0; count--, in += bytes) {
		memcpy(&ring[state->oldest * bytes], in, bytes);
		state->oldest = state->oldest + 1U == length ? 0 : state->oldest + 1U;
		state->since += tables->up;
		if (state->since >= tables->down) {
			state->since -= tables->down;
			mlforge_resample_filter(tables, ring, state->oldest, state->since, out);
			out += tables->channels;
			made++;
		}
	}
	return made;
}
