/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief A moment in time, as services note it.
 */
#ifndef MLFORGE_MOMENT_H_
#define MLFORGE_MOMENT_H_

#include <stdint.h>

/** @brief The cycle counter measures finely, but may turn over within seconds; the uptime does
 * not. */
struct mlforge_moment {
	uint32_t cycles;
	uint32_t uptime_ms;
};

#endif /* MLFORGE_MOMENT_H_ */
