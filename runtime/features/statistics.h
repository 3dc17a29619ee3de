/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums over one channel of a frame, and the statistics that they give. Private to
 * runtime/features.
 */
#ifndef MLFORGE_FEATURES_STATISTICS_H_
#define MLFORGE_FEATURES_STATISTICS_H_

#include <stdint.h>

#include "mlforge/pipeline_frames.h"

#define MLFORGE_MEAN_BITS 12 /* fraction bits of the mean, beyond those of samples */

/* Differences to the mean are times 2^12 / 2^shift: 22 bits with their sign, so that none of the
 * sums over 2^16 of them overflows. */
struct mlforge_sums {
	uint32_t length;
	int32_t lowest;
	int32_t highest;
	int64_t sum;
	int64_t mean;   /* with MLFORGE_MEAN_BITS */
	int64_t tilt;   /* of (2i - length + 1) x[i] */
	uint64_t power; /* of (x * 2^12 / 2^power_shift)^2 */
	uint32_t power_shift;
	uint32_t zero_crossings;
	uint32_t mean_crossings;
	uint32_t shift;
	uint32_t cube_shift;   /* of differences before they are cubed: 16 bits */
	uint32_t square_shift; /* of their squares before they are squared again: 23 bits */
	uint64_t squares;
	int64_t cubes;
	uint64_t fourths;
	uint64_t changes;        /* squares of differences from sample to sample */
	uint64_t bends;          /* squares of differences of those */
	int32_t change_in_total; /* last difference to the mean less the first */
	int32_t bend_in_total;
};

/* One of `enum mlforge_statistic`; those in the unit of samples times 2^unit_shift, others with
 * MLFORGE_RATIO_BITS fraction bits. */
int32_t mlforge_statistic_of(const struct mlforge_sums *sums, uint8_t what, int32_t unit_shift);

#endif /* MLFORGE_FEATURES_STATISTICS_H_ */
