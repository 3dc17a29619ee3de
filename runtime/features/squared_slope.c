/* SPDX-License-Identifier: Apache-2.0
 *
 * Squared slope: a derivative over five samples, squared. Steep and large at once is what tells a
 * heart beat. J. Pan, W. J. Tompkins: A Real-Time QRS Detection Algorithm, IEEE Trans. Biomed. Eng.
 * 32 (1985) 230-236.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"
#include "features/signal.h"

static int32_t mlforge_squared(const struct mlforge_squared_slope *tables, int32_t x,
			       const int32_t *past)
{
	const int64_t slope = (2 * ((int64_t)x - past[3]) + past[0] - past[2]) >> tables->before;

	return mlforge_saturate_i32((slope * slope) >> tables->after);
}

uint32_t mlforge_squared_slope_process(const struct mlforge_stage *stage, const void *input,
				       uint32_t count, void *output)
{
	const struct mlforge_squared_slope *tables = stage->tables;
	int32_t *state = stage->state;
	int32_t *out = output;

	for (uint32_t channel = 0; channel < tables->channels; channel++) {
		int32_t *past = &state[1U + 4U * channel];

		for (uint32_t i = 0; state[0] == 0 && i < 4; i++) {
			past[i] = mlforge_sample(input, tables->samples, channel);
		}
		for (uint32_t i = 0; i < count; i++) {
			const uint32_t at = i * tables->channels + channel;
			const int32_t x = mlforge_sample(input, tables->samples, at);

			out[at] = mlforge_squared(tables, x, past);
			past[3] = past[2];
			past[2] = past[1];
			past[1] = past[0];
			past[0] = x;
		}
	}
	state[0] = 1;
	return count;
}
