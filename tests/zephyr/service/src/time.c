/* SPDX-License-Identifier: Apache-2.0
 *
 * How long something took, when the cycle counter turns over in between.
 */
#include <clock.h>
#include <zephyr/ztest.h>

ZTEST(elapsed, test_short_times_are_counted_in_cycles)
{
	const uint32_t cycles = k_us_to_cyc_ceil32(2500);
	const struct mlforge_moment from = {.cycles = UINT32_MAX - 10, .uptime_ms = UINT32_MAX};
	const struct mlforge_moment to = {.cycles = from.cycles + cycles, .uptime_ms = 2};

	zassert_within(mlforge_elapsed_us(from, to), 2500, 1);
}

ZTEST(elapsed, test_long_times_are_not_short_when_the_counter_has_turned_over)
{
	const struct mlforge_moment from = {.cycles = 100, .uptime_ms = 1000};
	const struct mlforge_moment to = {.cycles = 101, .uptime_ms = 1000 + 9000};

	zassert_equal(mlforge_elapsed_us(from, to), 9000 * 1000);
}

ZTEST(elapsed, test_the_largest_time)
{
	const struct mlforge_moment from = {0};
	const struct mlforge_moment to = {.uptime_ms = 24 * 3600 * 1000};

	zassert_equal(mlforge_elapsed_us(from, to), UINT32_MAX);
}

ZTEST_SUITE(elapsed, NULL, NULL, NULL, NULL, NULL);
