/* SPDX-License-Identifier: Apache-2.0
 *
 * How far what was seen is from what was expected.
 */
#include "mlforge/drift.h"

#define LN_2 45426 /* Q0.16 */
#define ALL  65535 /* the share of all */

int32_t mlforge_log2(uint32_t value)
{
	int32_t whole = 31;
	int32_t digits = 0;

	while (value < 0x80000000U) {
		value <<= 1;
		whole--;
	}
	uint64_t mantissa = value; /* Q1.31, 1 to 2 */

	for (int32_t i = 0; i < 16; i++) {
		mantissa = mantissa * mantissa >> 31;
		digits <<= 1;
		if (mantissa >= (uint64_t)1 << 32) {
			mantissa >>= 1;
			digits |= 1;
		}
	}
	return whole * 65536 + digits;
}

struct mlforge_indices_share {
	int64_t value;     /* Q0.32 */
	int32_t logarithm; /* to the base 2, Q16.16 */
};

static struct mlforge_indices_share mlforge_indices_share_of(uint32_t part, uint32_t all)
{
	const uint64_t value = ((uint64_t)part << 32) / all;

	if (value < MLFORGE_PSI_LEAST_SHARE) {
		return (struct mlforge_indices_share){MLFORGE_PSI_LEAST_SHARE, -10 * 65536};
	}
	return (struct mlforge_indices_share){(int64_t)value,
					      mlforge_log2(part) - mlforge_log2(all)};
}

uint32_t mlforge_psi(const uint32_t *counts, const uint8_t *shares, uint32_t bins)
{
	uint32_t all = 0;
	int64_t sum = 0; /* Q48, to the base 2 */

	for (uint32_t i = 0; i < bins; i++) {
		all += counts[i];
	}
	for (uint32_t i = 0; all != 0 && i < bins; i++) {
		const struct mlforge_indices_share seen = mlforge_indices_share_of(counts[i], all);
		const struct mlforge_indices_share expected = mlforge_indices_share_of(
			(uint32_t)(shares[2 * i] | shares[2 * i + 1] << 8), ALL);

		sum += (seen.value - expected.value) * (seen.logarithm - expected.logarithm);
	}
	if (sum <= 0) {
		return 0;
	}
	const uint64_t index = ((uint64_t)sum >> 16) * LN_2 >> 32;

	return index > UINT32_MAX ? UINT32_MAX : (uint32_t)index;
}

static uint64_t mlforge_indices_variance_of(uint32_t deviation)
{
	const uint64_t held =
		deviation < MLFORGE_LEAST_DEVIATION ? MLFORGE_LEAST_DEVIATION : deviation;

	return held * held;
}

/* a / b in Q16.16, saturated. */
static uint32_t mlforge_indices_quotient(uint64_t a, uint64_t b)
{
	const uint64_t whole = a / b;
	uint64_t rest = a % b;

	if (whole > UINT16_MAX) {
		return UINT32_MAX;
	}
	while (b >= (uint64_t)1 << 48) {
		b >>= 1;
		rest >>= 1;
	}
	const uint64_t part = (rest << 16) / b;

	return (uint32_t)(whole << 16) + (uint32_t)(part > UINT16_MAX ? UINT16_MAX : part);
}

uint32_t mlforge_normal_index(struct mlforge_moment_pair seen, struct mlforge_moment_pair expected)
{
	const uint64_t one = mlforge_indices_variance_of(seen.deviation);
	const uint64_t other = mlforge_indices_variance_of(expected.deviation);
	const uint64_t spread = one > other ? one - other : other - one;
	const int64_t off = (int64_t)seen.mean - expected.mean;

	/* At most 2^60 and 2^63. */
	return mlforge_indices_quotient(spread * spread + (uint64_t)(off * off) * (one + other),
					2 * one * other);
}
