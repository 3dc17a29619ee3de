/* SPDX-License-Identifier: Apache-2.0
 *
 * The mean squared reconstruction error without floats: with x and y the values less their zero
 * points, s the larger of their scales (x's, say) and r the other as a share of it, s^2 (sum of x^2
 * - 2 r sum of xy + r^2 sum of y^2) / n. The sums are exact; scales have 32 bits.
 */
#include <string.h>

#include "mlforge/drift.h"

/* mantissa * 2^-shift; the mantissa has its bit 31 set. */
struct mlforge_error_scale {
	uint32_t mantissa;
	int32_t shift;
};

static struct mlforge_error_scale mlforge_error_normalised(uint64_t mantissa, int32_t shift)
{
	while (mantissa >> 32 != 0) {
		mantissa >>= 1;
		shift--;
	}
	while (mantissa >> 31 == 0) {
		mantissa <<= 1;
		shift++;
	}
	return (struct mlforge_error_scale){(uint32_t)mantissa, shift};
}

/* A normal float above 0, exactly. */
static struct mlforge_error_scale mlforge_error_scale_of(float value)
{
	uint32_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return mlforge_error_normalised((bits & 0x7fffff) | 0x800000,
					150 - (int32_t)(bits >> 23 & 0xff));
}

static struct mlforge_error_scale mlforge_error_squared(struct mlforge_error_scale scale)
{
	return mlforge_error_normalised((uint64_t)scale.mantissa * scale.mantissa, 2 * scale.shift);
}

static struct mlforge_error_scale mlforge_error_ratio(struct mlforge_error_scale a,
						      struct mlforge_error_scale b)
{
	/* Of 2^31 to 2^32 both, so that the quotient has 32 or 33 bits. */
	return mlforge_error_normalised(((uint64_t)a.mantissa << 32) / b.mantissa,
					a.shift - b.shift + 32);
}

/* value * scale, rounded down; UINT64_MAX where it does not fit. */
static uint64_t mlforge_error_scaled(uint64_t value, struct mlforge_error_scale scale)
{
	const uint64_t low = (value & UINT32_MAX) * scale.mantissa;
	const uint64_t high = (value >> 32) * scale.mantissa + (low >> 32);
	const uint32_t rest = (uint32_t)low;
	int32_t shift = scale.shift;

	if (shift >= 96) {
		return 0;
	}
	if (shift >= 32) {
		return high >> (shift - 32);
	}
	if (value == 0) {
		return 0;
	}
	if (shift < 0 || high >> 32 >> shift != 0) {
		return UINT64_MAX;
	}
	return shift == 0 ? high << 32 | rest : high << (32 - shift) | rest >> shift;
}

struct mlforge_error_sums {
	uint64_t coarse; /* of squares, of the tensor with the larger scale */
	uint64_t fine;
	int64_t products;
};

static struct mlforge_error_sums mlforge_error_add_up(const int8_t *coarse, int32_t coarse_zero,
						      const int8_t *fine, int32_t fine_zero,
						      uint32_t count)
{
	struct mlforge_error_sums sums = {0, 0, 0};

	for (uint32_t i = 0; i < count; i++) {
		const int32_t x = coarse[i] - coarse_zero;
		const int32_t y = fine[i] - fine_zero;

		sums.coarse += (uint32_t)(x * x);
		sums.fine += (uint32_t)(y * y);
		sums.products += x * y;
	}
	return sums;
}

/* `a` has the larger scale: with its steps as the unit, nothing gets large. */
static uint32_t mlforge_error_of(const struct mlforge_tensor *a, const int8_t *coarse,
				 const struct mlforge_tensor *b, const int8_t *fine)
{
	const uint32_t count = a->bytes < b->bytes ? a->bytes : b->bytes;
	const struct mlforge_error_sums sums =
		mlforge_error_add_up(coarse, a->zero_point, fine, b->zero_point, count);
	const struct mlforge_error_scale unit = mlforge_error_scale_of(a->scale);
	const struct mlforge_error_scale by =
		mlforge_error_ratio(mlforge_error_scale_of(b->scale), unit);
	const uint64_t cross =
		sums.products < 0 ? (uint64_t)-sums.products : (uint64_t)sums.products;

	if (count == 0) {
		return 0;
	}
	/* Q16 all, of squared steps. */
	const uint64_t twice = mlforge_error_scaled(cross << 17, by);
	const uint64_t squares = (sums.coarse << 16) +
				 mlforge_error_scaled(sums.fine << 16, mlforge_error_squared(by));
	const uint64_t sum = sums.products < 0 ? squares + twice
			     : squares > twice ? squares - twice
					       : 0;
	const uint64_t error = mlforge_error_scaled(sum, mlforge_error_squared(unit)) / count;

	return error > UINT32_MAX ? UINT32_MAX : (uint32_t)error;
}

uint32_t mlforge_error_q16(const struct mlforge_tensor *input, const int8_t *given,
			   const struct mlforge_tensor *output, const int8_t *made)
{
	return input->scale < output->scale ? mlforge_error_of(output, made, input, given)
					    : mlforge_error_of(input, given, output, made);
}
