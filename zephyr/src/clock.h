/* SPDX-License-Identifier: Apache-2.0
 *
 * Moments, and the time between them: to the cycle where it is short, right where the cycle counter
 * has turned over.
 */
#ifndef MLFORGE_CLOCK_H_
#define MLFORGE_CLOCK_H_

#include <mlforge/service.h>

/* A 32-bit cycle counter of 1 GHz turns over after 4.3 s: from here on, the uptime is asked. */
#define MLFORGE_CYCLES_TRUSTED_MS 1000

static inline struct mlforge_moment mlforge_now(void)
{
	return (struct mlforge_moment){.cycles = k_cycle_get_32(), .uptime_ms = k_uptime_get_32()};
}

/* Microseconds, rounded up; at most UINT32_MAX. Right for up to 49 days. */
static inline uint32_t mlforge_elapsed_us(struct mlforge_moment from, struct mlforge_moment to)
{
	const uint32_t elapsed_ms = to.uptime_ms - from.uptime_ms;

	if (elapsed_ms >= MLFORGE_CYCLES_TRUSTED_MS) {
		return (uint32_t)MIN((uint64_t)elapsed_ms * USEC_PER_MSEC, UINT32_MAX);
	}
	return k_cyc_to_us_ceil32(to.cycles - from.cycles);
}

#endif /* MLFORGE_CLOCK_H_ */
