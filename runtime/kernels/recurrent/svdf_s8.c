/* SPDX-License-Identifier: Apache-2.0
 *
 * SVDF with a state of int8. As in the reference, a value of the state is clamped before the zero
 * point is added, and wraps at 8 bits then.
 */
#include "kernels/dsp/dsp.h"
#include "svdf.h"

/* Moves x[1..count] to x[0..count - 1]. */
static void move_on(int8_t *x, uint32_t count)
{
	const int8_t *const end = x + count;

#if MLFORGE_DSP
	const int8_t *const whole = x + (count & -4U);

	while (x != whole) {
		const uint32_t later = mlforge_load_word(x + 1);

		memcpy(x, &later, sizeof(later));
		x += 4;
	}
#endif
	for (; x != end; x++) {
		x[0] = x[1];
	}
}

/* sum + the sum over k < size of x[k] * w[k], modulo 2^32 */
static int32_t weighed(const int8_t *x, const int8_t *w, uint32_t size, int32_t sum)
{
	return mlforge_dot_1x1(x, w, (int32_t)size, sum);
}

void mlforge_svdf_s8(const struct mlforge_svdf *op, const int8_t *input, void *state,
		     int8_t *output)
{
	const uint32_t filters = (uint32_t)op->units * op->rank, past = op->memory - 1U;
	const uint32_t size = (uint32_t)op->rank * op->memory;
	const int8_t *weights = op->time_weights;
	int8_t *remembered = state;
	int32_t values[MLFORGE_SVDF_FILTERS];

	for (uint32_t filter = 0; filter < filters; filter++) {
		const uint32_t which = filter % MLFORGE_SVDF_FILTERS;

		if (which == 0) {
			mlforge_svdf_features(op, input, filter, filters - filter, INT8_MIN,
					      INT8_MAX, values);
		}
		move_on(remembered, past);
		remembered[past] = (int8_t)values[which];
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
