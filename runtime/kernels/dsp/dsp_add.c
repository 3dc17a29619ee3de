/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD for DSP. One of two inputs has the larger scale, and half of that is the common one: it takes
 * a shift. What the other comes to, for each of its 256 values, is worked out once a call.
 */
#include "kernels/shared/arithmetic.h"
#include "dsp.h"

#define VALUES        256
#define FRACTION_BITS 20 /* the reference's headroom for the sum */

/* The table is indexed by the byte. */
static void fill(const struct mlforge_dsp_add *op, int32_t *table)
{
	for (int32_t value = INT8_MIN; value <= INT8_MAX; value++) {
		const int32_t x = (value - op->looked_up_zero_point) * (1 << FRACTION_BITS);

		table[(uint8_t)value] =
			mlforge_requantise(x, op->looked_up_multiplier, op->looked_up_shift) -
			op->shifted_zero_point * (1 << (FRACTION_BITS - 1));
	}
}

static void add(const struct mlforge_dsp_add *op, const int8_t *shifted, const int8_t *looked_up,
		int8_t *output, const int32_t *table)
{
	const int32_t factor = op->factor, power = op->power, zero_point = op->zero_point;
	const int8_t *const end = shifted + op->count;
	const int8_t *const whole = end - op->count % 4;

#define ONE(i)                                                                                     \
	do {                                                                                       \
		const int32_t sum =                                                                \
			table[(uint8_t)looked_up[i]] + shifted[i] * (1 << (FRACTION_BITS - 1));    \
                                                                                                   \
		output[i] = (int8_t)mlforge_dsp_requantise(sum, factor, power, zero_point);        \
	} while (0)

	while (shifted != whole) {
		ONE(0);
		ONE(1);
		ONE(2);
		ONE(3);
		shifted += 4;
		looked_up += 4;
		output += 4;
	}
	while (shifted != end) {
		ONE(0);
		shifted++;
		looked_up++;
		output++;
	}
}

void mlforge_dsp_add_s8(const struct mlforge_dsp_add *op, const int8_t *shifted,
			const int8_t *looked_up, int8_t *output, void *scratch)
{
	const int32_t low = op->low, high = op->high;

	fill(op, scratch);
	add(op, shifted, looked_up, output, scratch);
	if (low > INT8_MIN || high < INT8_MAX) {
		for (uint32_t i = 0; i < op->count; i++) {
			output[i] = (int8_t)mlforge_clamp(output[i], low, high);
		}
	}
}
