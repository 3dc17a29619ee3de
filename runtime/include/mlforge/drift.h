/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The arithmetic of drift, in whole numbers: moments of int8 values, indices that compare
 * them with a baseline, and the score of an autoencoder.
 *
 * No floats, no heap, no state.
 */
#ifndef MLFORGE_DRIFT_H_
#define MLFORGE_DRIFT_H_

#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Sums of int8 values, from which mean and deviation follow exactly.
 *
 * Good for 2^32 values and more: see mlforge_moments_age.
 */
struct mlforge_moments {
	int64_t sum;
	uint64_t squares;
};

/**
 * @brief Q8.8 both: mean -128 * 256 .. 127 * 256, rounded to nearest; deviation 0 .. 128 * 256,
 * rounded to nearest.
 */
struct mlforge_moment_pair {
	int32_t mean;
	uint32_t deviation;
};

/**
 * @brief Mean and standard deviation (of all values, as numpy's) of `count` values, 1 .. 2^32 -
 * 1; 0 and 0 of none.
 */
struct mlforge_moment_pair mlforge_moments_read(const struct mlforge_moments *moments,
						uint32_t count);

/**
 * @brief Halves what was seen, so that what comes counts for more; the caller halves its count.
 */
void mlforge_moments_age(struct mlforge_moments *moments);

/**
 * @brief The square root, rounded down.
 */
uint32_t mlforge_sqrt(uint64_t value);

/**
 * @brief log2 in Q16.16 of a value above 0, rounded down, at most 2^-16 too small.
 *
 * Digit by digit, by squaring (D. Knuth, The Art of Computer Programming, volume 1, 1.2.2,
 * exercise 25).
 */
int32_t mlforge_log2(uint32_t value);

/**
 * @brief Shares below this count as this, on either side, or an empty bin would make the index
 * infinite: 2^-10, in Q0.32.
 */
#define MLFORGE_PSI_LEAST_SHARE (1U << 22)

/**
 * @brief The population stability index: the sum over bins of (a - e) * ln(a / e), a the share
 * seen and e the share expected (N. Siddiqi, Credit Risk Scorecards, Wiley 2006).
 *
 * @param counts [bins] seen; their sum is below 2^32
 * @param shares [bins] expected, little-endian uint16, 65535 for all
 *
 * @return Q16.16, saturated, within 1e-4 of the exact value; 0 where nothing was seen.
 */
uint32_t mlforge_psi(const uint32_t *counts, const uint8_t *shares, uint32_t bins);

/**
 * @brief A deviation cannot be told from less than that of rounding, 1 / sqrt(12), in Q8.8.
 */
#define MLFORGE_LEAST_DEVIATION 74

/**
 * @brief The same index of two normal distributions, known by their moments: Jeffreys' divergence
 * ((v1 - v2)^2 + d^2 (v1 + v2)) / (2 v1 v2), v the variances and d the difference of the means
 * (S. Kullback, Information Theory and Statistics, 1959, 9.1).
 *
 * A mean that is off by d deviations alone makes d^2.
 *
 * Moments as mlforge_moments_read gives them; deviations below MLFORGE_LEAST_DEVIATION count as
 * that.
 *
 * @return Q16.16, saturated, within 2^-15 of the exact value or 2^-15 of it.
 */
uint32_t mlforge_normal_index(struct mlforge_moment_pair seen, struct mlforge_moment_pair expected);

/**
 * @brief mlforge_reconstruction_error (reconstruction.h) in Q16.16, rounded down, saturated;
 * without floats, for which the scales' bits are taken apart.
 *
 * Off by at most 1 + 8 s^2, s the larger of the two scales.
 *
 * @param input  descriptors of an int8 tensor each, at most 1 MiB, their scales normal numbers
 *               above 0
 * @param output descriptors of an int8 tensor each, at most 1 MiB, their scales normal numbers
 *               above 0
 * @param given  [input->bytes] a copy of the input
 * @param made   [output->bytes] the output
 */
uint32_t mlforge_error_q16(const struct mlforge_tensor *input, const int8_t *given,
			   const struct mlforge_tensor *output, const int8_t *made);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_DRIFT_H_ */
