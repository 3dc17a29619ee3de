/* SPDX-License-Identifier: Apache-2.0
 *
 * Filter: second-order sections, a channel's whole run through one section at a time, so that the
 * states stay in registers.
 */
#include "mlforge/pipeline.h"
#include "features/signal.h"

struct mlforge_filter_delay {
	int32_t newest;
	int32_t older;
};

void mlforge_begun_reset(const struct mlforge_stage *stage)
{
	*(uint32_t *)stage->state = 0;
}

/* One section over `count` values, `step` apart, in place. Returns the two newest inputs. */
static struct mlforge_filter_delay
mlforge_filter_run_section(const int32_t *c, uint8_t bits, int32_t *values, uint32_t count,
			   uint32_t step, struct mlforge_filter_delay x,
			   struct mlforge_filter_delay *made, int32_t *kept)
{
	const int64_t mask = ((int64_t)1 << bits) - 1;
	struct mlforge_filter_delay y = *made;
	int64_t rest = *kept;

	for (; count > 0; count--, values += step) {
		int64_t sum = rest + (int64_t)c[0] * *values;

		sum += (int64_t)c[1] * x.newest;
		sum += (int64_t)c[2] * x.older;
		sum -= (int64_t)c[3] * y.newest;
		sum -= (int64_t)c[4] * y.older;
		x.older = x.newest;
		x.newest = *values;
		y.older = y.newest;
		y.newest = (int32_t)(sum >> bits);
		rest = sum & mask;
		*values = y.newest;
	}
	*made = y;
	*kept = (int32_t)rest;
	return x;
}

/* As though the first sample had always been there. */
static void mlforge_filter_settle(const struct mlforge_filter *filter,
				  struct mlforge_filter_delay *delays, int32_t *rests,
				  int32_t first)
{
	const int32_t passed = filter->passes_constants ? first : 0;

	delays[0] = (struct mlforge_filter_delay){first, first};
	for (uint32_t i = 0; i < filter->sections; i++) {
		delays[i + 1U] = (struct mlforge_filter_delay){passed, passed};
		rests[i] = 0;
	}
}

uint32_t mlforge_filter_process(const struct mlforge_stage *stage, const void *input,
				uint32_t count, void *output)
{
	const struct mlforge_filter *filter = stage->tables;
	int32_t *state = stage->state;
	const uint32_t channels = filter->channels;
	const uint32_t delays_count = filter->sections + 1U;

	for (uint32_t channel = 0; channel < channels; channel++) {
		int32_t *values = &state[1U + channel * (2U * delays_count + filter->sections)];
		struct mlforge_filter_delay *delays = (struct mlforge_filter_delay *)values;
		int32_t *rests = &values[2U * delays_count];
		int32_t *out = (int32_t *)output + channel;

		for (uint32_t i = 0; i < count; i++) {
			out[i * channels] = mlforge_shifted(
				mlforge_sample(input, filter->samples, i * channels + channel),
				filter->shift);
		}
		if (state[0] == 0) {
			mlforge_filter_settle(filter, delays, rests, *out);
		}
		struct mlforge_filter_delay x = delays[0];

		for (uint32_t i = 0; i < filter->sections; i++) {
			const struct mlforge_filter_delay next = delays[i + 1U];

			delays[i] = mlforge_filter_run_section(&filter->coefficients[5U * i],
							       filter->bits, out, count, channels,
							       x, &delays[i + 1U], &rests[i]);
			x = next;
		}
	}
	state[0] = 1;
	return count;
}
