/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics of frames: two passes, the second over differences to the mean, so that an offset
 * costs no precision.
 */
#include "mlforge/pipeline.h"
#include "features/q15.h"
#include "features/signal.h"
#include "features/statistics.h"

#define BITS 21 /* of differences, without their sign */
#define ONE  ((int64_t)1 << MLFORGE_MEAN_BITS)

/* Right shift that leaves so many bits. */
static uint32_t mlforge_statistics_shift_for(uint64_t largest, uint32_t bits)
{
	return 32U - mlforge_leading_zeros((uint32_t)(largest >> bits));
}

/* value / 2^shift, to nearest. */
static int64_t mlforge_statistics_rounded(int64_t value, uint32_t shift)
{
	return shift == 0 ? value : (value + ((int64_t)1 << (shift - 1U))) >> shift;
}

static void mlforge_statistics_first_pass(const struct mlforge_statistics *tables,
					  const void *input, uint32_t channel,
					  struct mlforge_sums *sums)
{
	int64_t weight = 1 - (int64_t)tables->length;
	int32_t before = mlforge_sample(input, tables->samples, channel);

	sums->lowest = before;
	sums->highest = before;
	for (uint32_t i = 0; i < tables->length; i++, weight += 2) {
		const int32_t x =
			mlforge_sample(input, tables->samples, i * tables->channels + channel);

		sums->lowest = x < sums->lowest ? x : sums->lowest;
		sums->highest = x > sums->highest ? x : sums->highest;
		sums->sum += x;
		sums->tilt += weight * x;
		sums->zero_crossings += (x < 0) != (before < 0);
		before = x;
	}
	sums->mean = sums->sum * ONE / (int64_t)tables->length;
}

static uint64_t mlforge_statistics_larger(int64_t a, int64_t b)
{
	return (uint64_t)(a > b ? a : b);
}

static void mlforge_statistics_second_pass(const struct mlforge_statistics *tables,
					   const void *input, uint32_t channel,
					   struct mlforge_sums *sums)
{
	const int64_t length = tables->length;
	int32_t first = 0, before = 0, change = 0, first_change = 0;
	bool above = false;

	for (uint32_t i = 0; i < tables->length; i++) {
		const int64_t x =
			mlforge_sample(input, tables->samples, i * tables->channels + channel);
		const int32_t d = (int32_t)((x * ONE - sums->mean) >> sums->shift);
		const int64_t r = (x * ONE) >> sums->power_shift;
		const uint64_t square = (uint64_t)((int64_t)d * d);
		const int64_t c = mlforge_statistics_rounded(d, sums->cube_shift);
		const uint64_t q =
			(uint64_t)mlforge_statistics_rounded((int64_t)square, sums->square_shift);
		const bool now = x * length >= sums->sum;

		sums->power += (uint64_t)(r * r);
		sums->squares += square;
		sums->cubes += c * c * c;
		sums->fourths += q * q;
		sums->mean_crossings += i > 0 && now != above;
		above = now;
		if (i == 0) {
			first = d;
		} else {
			const int32_t step = d - before;

			sums->changes += (uint64_t)((int64_t)step * step);
			if (i == 1) {
				first_change = step;
			} else {
				const int64_t bend = (int64_t)step - change;

				sums->bends += (uint64_t)(bend * bend);
			}
			change = step;
		}
		before = d;
	}
	sums->change_in_total = before - first;
	sums->bend_in_total = change - first_change;
}

uint32_t mlforge_statistics_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output)
{
	const struct mlforge_statistics *tables = stage->tables;
	int32_t *out = output;

	for (uint32_t channel = 0; channel < tables->channels; channel++) {
		struct mlforge_sums sums = {.length = tables->length};

		mlforge_statistics_first_pass(tables, input, channel, &sums);
		const int64_t low = (int64_t)sums.lowest * ONE;
		const int64_t high = (int64_t)sums.highest * ONE;

		const uint64_t largest =
			mlforge_statistics_larger(high - sums.mean, sums.mean - low);

		sums.shift = mlforge_statistics_shift_for(largest, BITS);
		sums.power_shift =
			mlforge_statistics_shift_for(mlforge_statistics_larger(high, -low), BITS);
		const uint64_t left = (largest >> sums.shift) + 1U; /* rounded down: one more */

		sums.cube_shift = mlforge_statistics_shift_for(left, 15);
		sums.square_shift = mlforge_statistics_shift_for(left * left, 23);
		mlforge_statistics_second_pass(tables, input, channel, &sums);
		for (uint32_t i = 0; i < tables->count; i++) {
			out[i * tables->channels + channel] =
				mlforge_statistic_of(&sums, tables->what[i], tables->unit_shift);
		}
	}
	return count;
}
