/* SPDX-License-Identifier: Apache-2.0
 *
 * One logarithm. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_LOG_OF_H_
#define MLFORGE_FEATURES_LOG_OF_H_

#include "features/q15.h"
#include "features/root.h"
#include "mlforge/pipeline.h"

/* What is added to log2 of values with this exponent, Q16. */
static inline int32_t mlforge_log_unit(const struct mlforge_log *log, int32_t exponent)
{
	return (exponent - log->frac_bits) * 65536;
}

/* See struct mlforge_log. */
static inline int32_t mlforge_log_of(const struct mlforge_log *log, int32_t value, int32_t unit)
{
	const int32_t half = (1 << log->shift) >> 1;
	int32_t made = log->lowest;

	if (value > 0) {
		const int32_t octaves = mlforge_log2_q16((uint32_t)value) + unit;

		made = (mlforge_times_low(octaves * 128, log->factor) + half) >> log->shift;
	}
	return made < log->lowest ? log->lowest : made;
}

#endif /* MLFORGE_FEATURES_LOG_OF_H_ */
