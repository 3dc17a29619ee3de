/* SPDX-License-Identifier: Apache-2.0
 *
 * Mean and deviation of int8 values from their sums.
 */
#include "mlforge/drift.h"

uint32_t mlforge_sqrt(uint64_t value)
{
	uint64_t root = 0;

	for (uint64_t bit = (uint64_t)1 << 62; bit != 0; bit >>= 2) {
		if (value >= root + bit) {
			value -= root + bit;
			root = (root >> 1) + bit;
		} else {
			root >>= 1;
		}
	}
	return (uint32_t)root;
}

/* To nearest, ties away from zero. */
static int64_t mlforge_moments_divide(int64_t value, int64_t by)
{
	return (value + (value < 0 ? -by / 2 : by / 2)) / by;
}

/* The variance in Q32.32: around the nearest whole number, so that the square of the rest is small
 * and loses nothing. */
static uint64_t mlforge_moments_variance(const struct mlforge_moments *moments, uint32_t count)
{
	const int64_t middle = mlforge_moments_divide(moments->sum, count);
	const int64_t rest = moments->sum - middle * count; /* at most half of count */
	const int64_t squares =
		(int64_t)moments->squares - 2 * middle * moments->sum + middle * middle * count;

	if (squares <= 0) {
		return 0;
	}
	const uint64_t whole = (uint64_t)squares / count;
	const uint64_t part = ((uint64_t)squares % count << 32) / count;
	const int64_t mean = mlforge_moments_divide(rest * 65536, count);
	const uint64_t off = (uint64_t)(mean * mean);
	const uint64_t all = (whole << 32) + part;

	return all > off ? all - off : 0;
}

struct mlforge_moment_pair mlforge_moments_read(const struct mlforge_moments *moments,
						uint32_t count)
{
	if (count == 0) {
		return (struct mlforge_moment_pair){0, 0};
	}
	/* The root of Q16.16 is Q8.8; of four times that, twice it, so that it can be rounded. */
	const uint32_t twice = mlforge_sqrt(mlforge_moments_variance(moments, count) >> 14);

	return (struct mlforge_moment_pair){
		(int32_t)mlforge_moments_divide(moments->sum * 256, count), (twice + 1) / 2};
}

void mlforge_moments_age(struct mlforge_moments *moments)
{
	moments->sum /= 2;
	moments->squares /= 2;
}
