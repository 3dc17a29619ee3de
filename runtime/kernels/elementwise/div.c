/* SPDX-License-Identifier: Apache-2.0
 *
 * DIV.
 */
#include "kernels/shared/arithmetic.h"
#include "kernels/shared/fixed_functions.h"
#include "kernels/shared/walk.h"

/* How often `value` can be doubled without overflow. */
static int32_t headroom_of(int32_t value)
{
	const uint32_t bits = (uint32_t)(value ^ (value >> 31));

	return bits ? mlforge_leading_zeros(bits) - 1 : 31;
}

/* a / b, requantised; b is not 0. `shift` as everywhere, here counted on by the powers of two in a
 * and b. */
static int32_t quotient(int32_t a, int32_t b, int32_t multiplier, int32_t shift)
{
	if (b < 0) {
		a = -a;
		b = -b;
	}
	const int32_t zeros = mlforge_leading_zeros((uint32_t)b);
	const int32_t inverse =
		mlforge_reciprocal_of_one_plus((int32_t)(((uint32_t)b << zeros) - 0x80000000U));
	const int32_t headroom = headroom_of(a);
	const int32_t unscaled = mlforge_multiply_high(mlforge_shift_left(a, headroom), inverse);
	const int32_t scaled = mlforge_multiply_high(unscaled, multiplier);

	shift += 31 - zeros + headroom;
	if (shift > 30) {
		return scaled < 0 ? -1 : 1; /* what the reference comes to on Arm, also for 0 */
	}
	return shift < 0 ? scaled : mlforge_divide_by_power(scaled, shift);
}

static int8_t div(const struct mlforge_product *op, int32_t a, int32_t b)
{
	const int32_t low = op->stage.low, high = op->stage.high;
	int32_t y;

	if (b == 0) {
		y = a < 0 ? low : a > 0 ? high : 0;
	} else {
		y = quotient(a, b, op->multiplier, op->shift);
	}
	return (int8_t)(mlforge_clamp(y, low, high) + op->stage.zero_point);
}

void mlforge_div_s8(const struct mlforge_product *op, const int8_t *input_1, const int8_t *input_2,
		    int8_t *output)
{
	const uint32_t last = MLFORGE_WALK_RANK - 1, count = op->walk.size[last];
	const uint32_t step_1 = op->walk.step_1[last], step_2 = op->walk.step_2[last];
	struct mlforge_place place = {0};

	do {
		const int8_t *a = input_1 + place.offset_1;
		const int8_t *b = input_2 + place.offset_2;

		for (uint32_t i = 0; i < count; i++) {
			*output++ = div(op, *a - op->zero_point_1, *b - op->zero_point_2);
			a += step_1;
			b += step_2;
		}
	} while (mlforge_next_row(&op->walk, &place));
}
