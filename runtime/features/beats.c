/* SPDX-License-Identifier: Apache-2.0
 *
 * Beats in a frame, and the times between them.
 */
#include "features/signal.h"
#include "features/wide.h"
#include "mlforge/pipeline.h"

#define NONE UINT32_MAX

struct mlforge_times {
	uint32_t count;
	uint32_t shortest;
	uint32_t longest;
	uint32_t newest;
	uint64_t sum;
	uint64_t squares;
	uint64_t changes; /* squares of differences between neighbours */
};

static void mlforge_add_time(struct mlforge_times *times, uint32_t time)
{
	const int64_t change = (int64_t)time - times->newest;

	if (times->count > 0) {
		times->changes += (uint64_t)(change * change);
	}
	times->shortest = times->count == 0 || time < times->shortest ? time : times->shortest;
	times->longest = time > times->longest ? time : times->longest;
	times->newest = time;
	times->sum += time;
	times->squares += (uint64_t)time * time;
	times->count++;
}

static int32_t mlforge_largest_sample(const struct mlforge_beats *beats, const void *input,
				      uint32_t channel)
{
	int32_t largest = 0;

	for (uint32_t i = 0; i < beats->length; i++) {
		const int32_t x =
			mlforge_sample(input, beats->samples, i * beats->channels + channel);

		largest = x > largest ? x : largest;
	}
	return largest;
}

/* Of maxima that are closer than the refractory time, the largest one is the beat. */
static void mlforge_find_beats(const struct mlforge_beats *beats, const void *input,
			       uint32_t channel, struct mlforge_times *times)
{
	const int64_t least =
		(int64_t)mlforge_largest_sample(beats, input, channel) * beats->threshold;
	uint32_t before = NONE, newest = NONE;
	int32_t height = 0;

	for (uint32_t i = 1; i + 1U < beats->length; i++) {
		const uint32_t at = i * beats->channels + channel;
		const int32_t x = mlforge_sample(input, beats->samples, at);

		if (x * (int64_t)32768 <= least ||
		    x <= mlforge_sample(input, beats->samples, at - beats->channels) ||
		    x < mlforge_sample(input, beats->samples, at + beats->channels)) {
			continue;
		}
		if (newest != NONE && i - newest < beats->refractory) {
			newest = x > height ? i : newest;
			height = x > height ? x : height;
			continue;
		}
		if (before != NONE) {
			mlforge_add_time(times, newest - before);
		}
		before = newest;
		newest = i;
		height = x;
	}
	if (before != NONE) {
		mlforge_add_time(times, newest - before);
	}
}

static struct mlforge_wide mlforge_rr_of(const struct mlforge_times *times, uint8_t what)
{
	const struct mlforge_wide count = mlforge_wide_of(times->count, 0);

	switch (what) {
	case MLFORGE_RR_MEAN:
		return mlforge_wide_over(mlforge_wide_of(times->sum, 0), count);
	case MLFORGE_RR_DEVIATION: {
		const uint64_t spread = times->count * times->squares - times->sum * times->sum;

		return mlforge_wide_over(mlforge_wide_root(mlforge_wide_of(spread, 0)), count);
	}
	case MLFORGE_RR_RMSSD:
		return mlforge_wide_root(mlforge_wide_over(mlforge_wide_of(times->changes, 0),
							   mlforge_wide_of(times->count - 1U, 0)));
	case MLFORGE_RR_MIN:
		return mlforge_wide_of(times->shortest, 0);
	default:
		return mlforge_wide_of(times->longest, 0);
	}
}

uint32_t mlforge_beats_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output)
{
	const struct mlforge_beats *beats = stage->tables;
	const struct mlforge_wide second = {beats->sample.mantissa, beats->sample.exponent};
	int32_t *out = output;

	for (uint32_t channel = 0; channel < beats->channels; channel++) {
		struct mlforge_times times = {0};

		mlforge_find_beats(beats, input, channel, &times);
		for (uint32_t i = 0; i < beats->count; i++) {
			int32_t *value = &out[i * beats->channels + channel];

			*value = 0;
			if (times.count >= 2) {
				const struct mlforge_wide time =
					mlforge_rr_of(&times, beats->what[i]);

				*value = mlforge_wide_fixed(mlforge_wide_times(time, second),
							    beats->bits);
			}
		}
	}
	return count;
}
