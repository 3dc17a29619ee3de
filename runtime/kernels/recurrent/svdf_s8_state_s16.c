/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF with a state of int16.
 */
#include "kernels/dsp/dsp.h"
#include "svdf.h"

/* sum + the sum over k < size of x[k] * w[k], modulo 2^32 */
static int32_t dot_s16(const int16_t *x, const int16_t *w, uint32_t size, int32_t sum)
{
	const int16_t *const end = x + size;

#if MLFORGE_DSP
	const int16_t *const whole = x + (size & ~1U);

#pragma GCC unroll 4
	while (x != whole) {
		sum = mlforge_smlad(mlforge_load_word((const int8_t *)x),
				    mlforge_load_word((const int8_t *)w), sum);
		x += 2;
		w += 2;
	}
#else
#pragma GCC unroll 4
#endif
	while (x != end) {
		sum = mlforge_accumulate(sum, *x++, *w++);
	}
	return sum;
}

void mlforge_svdf_s8_state_s16(const struct mlforge_svdf *op, const int8_t *input, void *state,
			       int8_t *output)
{
	const uint32_t memory = op->memory, filters = (uint32_t)op->units * op->rank;
	const uint32_t weighed = op->rank * memory;
	const int16_t *weights = op->time_weights;
	int16_t *remembered = state;

	memmove(remembered, remembered + 1, (filters * memory - 1) * sizeof(*remembered));
	for (uint32_t filter = 0; filter < filters; filter += MLFORGE_SVDF_FILTERS) {
		const uint32_t left = filters - filter;
		const uint32_t count = left < MLFORGE_SVDF_FILTERS ? left : MLFORGE_SVDF_FILTERS;
		int32_t values[MLFORGE_SVDF_FILTERS];

		mlforge_svdf_features(op, input, filter, count, INT16_MIN, INT16_MAX, values);
		for (uint32_t i = 0; i < count; i++) {
			remembered[(filter + i + 1) * memory - 1] = (int16_t)values[i];
		}
	}
	for (uint32_t unit = 0; unit < op->units; unit++) {
		const int32_t sum = dot_s16(remembered, weights, weighed, op->bias[unit]);

		remembered += weighed;
		weights += weighed;
		output[unit] = mlforge_finish(sum, op->multiplier, op->shift, &op->stage);
	}
}
