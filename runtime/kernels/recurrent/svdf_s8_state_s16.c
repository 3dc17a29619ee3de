/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF with a state of int16.
 */
#include "kernels/dsp/dsp.h"
#include "svdf.h"

/* Moves x[1..count] to x[0..count - 1]. */
static void move_on(int16_t *x, uint32_t count)
{
	const int16_t *const end = x + count;

#if MLFORGE_DSP
	const int16_t *const whole = x + (count & -2U);

	while (x != whole) {
		const uint32_t later = mlforge_load_word((const int8_t *)(x + 1));

		memcpy(x, &later, sizeof(later));
		x += 2;
	}
#endif
	for (; x != end; x++) {
		x[0] = x[1];
	}
}

/* sum + the sum over k < size of x[k] * w[k], modulo 2^32 */
static int32_t weighed(const int16_t *x, const int16_t *w, uint32_t size, int32_t sum)
{
	const int16_t *const end = x + size;

#if MLFORGE_DSP
	const int16_t *const whole = x + (size & -2U);

#pragma GCC unroll 4
	while (x != whole) {
		sum = mlforge_smlad(mlforge_load_word((const int8_t *)x),
				    mlforge_load_word((const int8_t *)w), sum);
		x += 2;
		w += 2;
	}
#endif
	while (x != end) {
		sum = mlforge_accumulate(sum, *x++, *w++);
	}
	return sum;
}

void mlforge_svdf_s8_state_s16(const struct mlforge_svdf *op, const int8_t *input, void *state,
			       int8_t *output)
{
	const uint32_t filters = (uint32_t)op->units * op->rank, past = op->memory - 1U;
	const uint32_t size = (uint32_t)op->rank * op->memory;
	const int16_t *weights = op->time_weights;
	int16_t *remembered = state;
	int32_t values[MLFORGE_SVDF_FILTERS];

	for (uint32_t filter = 0; filter < filters; filter++) {
		const uint32_t which = filter % MLFORGE_SVDF_FILTERS;

		if (which == 0) {
			mlforge_svdf_features(op, input, filter, filters - filter, INT16_MIN,
					      INT16_MAX, values);
		}
		move_on(remembered, past);
		remembered[past] = (int16_t)values[which];
		remembered += op->memory;
	}
	/* The output may lie where the input was. */
	remembered = state;
	for (uint32_t unit = 0; unit < op->units; unit++) {
		const int32_t sum = weighed(remembered, weights, size, op->bias[unit]);

		output[unit] = mlforge_finish(sum, op->multiplier, op->shift, &op->stage);
		remembered += size;
		weights += size;
	}
}
