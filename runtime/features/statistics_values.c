/* SPDX-License-Identifier: Apache-2.0
 *
 * Statistics from sums.
 */
#include "features/statistics.h"

#include "features/wide.h"
#include "mlforge/fixed_point.h"

#define ONE ((int64_t)1 << MLFORGE_MEAN_BITS)

static struct mlforge_wide mlforge_statistics_mean_square(const struct mlforge_sums *sums)
{
	const struct mlforge_wide total =
		mlforge_wide_of(sums->power, 2 * ((int32_t)sums->power_shift - MLFORGE_MEAN_BITS));

	return mlforge_wide_over(total, mlforge_wide_of(sums->length, 0));
}

/* In units of differences. */
static struct mlforge_wide mlforge_statistics_variance(const struct mlforge_sums *sums)
{
	return mlforge_wide_over(mlforge_wide_of(sums->squares, 0),
				 mlforge_wide_of(sums->length, 0));
}

/* Of `count` differences, from the sum of their squares and that of themselves. */
static struct mlforge_wide mlforge_statistics_variance_of(uint64_t squares, int32_t sum,
							  uint32_t count)
{
	const uint64_t square = (uint64_t)((int64_t)sum * sum) / count;

	return mlforge_wide_over(mlforge_wide_of(squares > square ? squares - square : 0, 0),
				 mlforge_wide_of(count, 0));
}

static int32_t mlforge_statistics_crest(const struct mlforge_sums *sums)
{
	const int64_t high = sums->highest, low = -(int64_t)sums->lowest;
	const struct mlforge_wide peak = mlforge_wide_of((uint64_t)(high > low ? high : low), 0);

	return mlforge_wide_fixed(
		mlforge_wide_over(peak, mlforge_wide_root(mlforge_statistics_mean_square(sums))),
		MLFORGE_RATIO_BITS);
}

static int32_t mlforge_statistics_skew(const struct mlforge_sums *sums)
{
	const uint64_t cubes = (uint64_t)(sums->cubes < 0 ? -sums->cubes : sums->cubes);
	const struct mlforge_wide third =
		mlforge_wide_over(mlforge_wide_of(cubes, 3 * (int32_t)sums->cube_shift),
				  mlforge_wide_of(sums->length, 0));
	const struct mlforge_wide second = mlforge_statistics_variance(sums);
	const struct mlforge_wide scale = mlforge_wide_times(second, mlforge_wide_root(second));
	const int32_t value =
		mlforge_wide_fixed(mlforge_wide_over(third, scale), MLFORGE_RATIO_BITS);

	return sums->cubes < 0 ? -value : value;
}

static int32_t mlforge_statistics_kurtosis(const struct mlforge_sums *sums)
{
	const struct mlforge_wide fourth =
		mlforge_wide_over(mlforge_wide_of(sums->fourths, 2 * (int32_t)sums->square_shift),
				  mlforge_wide_of(sums->length, 0));
	const struct mlforge_wide second = mlforge_statistics_variance(sums);

	if (sums->squares == 0) {
		return 0;
	}
	return mlforge_wide_fixed(mlforge_wide_over(fourth, mlforge_wide_times(second, second)),
				  MLFORGE_RATIO_BITS) -
	       (3 << MLFORGE_RATIO_BITS);
}

static int32_t mlforge_statistics_hjorth(const struct mlforge_sums *sums, bool complexity)
{
	if (sums->length < 3) {
		return 0;
	}
	const struct mlforge_wide changes = mlforge_statistics_variance_of(
		sums->changes, sums->change_in_total, sums->length - 1U);
	const struct mlforge_wide mobility =
		mlforge_wide_over(changes, mlforge_statistics_variance(sums));

	if (!complexity) {
		return mlforge_wide_fixed(mlforge_wide_root(mobility), MLFORGE_RATIO_BITS);
	}
	const struct mlforge_wide bends =
		mlforge_statistics_variance_of(sums->bends, sums->bend_in_total, sums->length - 2U);
	const struct mlforge_wide ratio =
		mlforge_wide_over(mlforge_wide_over(bends, changes), mobility);

	return mlforge_wide_fixed(mlforge_wide_root(ratio), MLFORGE_RATIO_BITS);
}

static int32_t mlforge_statistics_share(uint32_t crossings, uint32_t length)
{
	return length < 2 ? 0
			  : (int32_t)(((uint64_t)crossings << MLFORGE_RATIO_BITS) / (length - 1U));
}

/* Of the line of least squares, from the first sample to the last: 6 tilt / (n (n + 1)). */
static int32_t mlforge_statistics_rise(const struct mlforge_sums *sums, int32_t unit_shift)
{
	const uint64_t tilt = (uint64_t)(sums->tilt < 0 ? -sums->tilt : sums->tilt);
	const struct mlforge_wide six =
		mlforge_wide_times(mlforge_wide_of(tilt, 0), mlforge_wide_of(6, 0));
	const uint64_t over = (uint64_t)sums->length * (sums->length + 1U);
	const int32_t value =
		mlforge_wide_fixed(mlforge_wide_over(six, mlforge_wide_of(over, 0)), unit_shift);

	return sums->tilt < 0 ? -value : value;
}

/* value / 2^12 * 2^unit_shift, rounded down. */
static int32_t mlforge_statistics_in_units(int64_t value, int32_t unit_shift)
{
	return mlforge_saturate_i32(value >> (MLFORGE_MEAN_BITS - unit_shift));
}

int32_t mlforge_statistic_of(const struct mlforge_sums *sums, uint8_t what, int32_t unit_shift)
{
	const int64_t low = sums->lowest, high = sums->highest;

	switch (what) {
	case MLFORGE_MEAN:
		return mlforge_statistics_in_units(sums->mean, unit_shift);
	case MLFORGE_RMS:
		return mlforge_wide_fixed(mlforge_wide_root(mlforge_statistics_mean_square(sums)),
					  unit_shift);
	case MLFORGE_DEVIATION:
		return mlforge_wide_fixed(mlforge_wide_root(mlforge_statistics_variance(sums)),
					  unit_shift + (int32_t)sums->shift - MLFORGE_MEAN_BITS);
	case MLFORGE_MIN:
		return mlforge_statistics_in_units(low * ONE, unit_shift);
	case MLFORGE_MAX:
		return mlforge_statistics_in_units(high * ONE, unit_shift);
	case MLFORGE_PEAK_TO_PEAK:
		return mlforge_statistics_in_units((high - low) * ONE, unit_shift);
	case MLFORGE_SLOPE:
		return mlforge_statistics_rise(sums, unit_shift);
	case MLFORGE_CREST:
		return mlforge_statistics_crest(sums);
	case MLFORGE_SKEW:
		return mlforge_statistics_skew(sums);
	case MLFORGE_KURTOSIS:
		return mlforge_statistics_kurtosis(sums);
	case MLFORGE_ZERO_CROSSINGS:
		return mlforge_statistics_share(sums->zero_crossings, sums->length);
	case MLFORGE_MEAN_CROSSINGS:
		return mlforge_statistics_share(sums->mean_crossings, sums->length);
	case MLFORGE_MOBILITY:
		return mlforge_statistics_hjorth(sums, false);
	default:
		return mlforge_statistics_hjorth(sums, true);
	}
}
