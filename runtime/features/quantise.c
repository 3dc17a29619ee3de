/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantise: fixed point to the int8 values of the model's input. Point-wise; no state.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"

static int8_t mlforge_quantise_clamped(int32_t value)
{
	return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
}

/* mlforge_scale_i32 for shifts above 32, which is what all but the finest scales have: at most
 * 2^30, so that adding the zero point cannot overflow. */
static void mlforge_quantise_high(const int32_t *in, int8_t *out, uint32_t length,
				  struct mlforge_quantise tables)
{
	const int32_t half = (int32_t)1 << (tables.shift - 33);
	const uint32_t shift = tables.shift - 32U;

	for (uint32_t i = 0; i < length; i++) {
		int64_t product = (int64_t)in[i] * tables.multiplier;

		product += product >> 63;
		out[i] = mlforge_quantise_clamped((((int32_t)(product >> 32) + half) >> shift) +
						  tables.zero_point);
	}
}

/* In 32 bits: |value * multiplier| is below 2^30, and half of 2^shift at most 2^29. */
static void mlforge_quantise_narrow(const int16_t *in, int8_t *out, uint32_t length,
				    struct mlforge_quantise tables)
{
	const int32_t multiplier = tables.multiplier;
	const int32_t half = ((int32_t)1 << tables.shift) >> 1;

	for (uint32_t i = 0; i < length; i++) {
		out[i] = mlforge_quantise_clamped(((in[i] * multiplier + half) >> tables.shift) +
						  tables.zero_point);
	}
}

uint32_t mlforge_quantise_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output)
{
	const struct mlforge_quantise tables = *(const struct mlforge_quantise *)stage->tables;
	const int32_t lowest = INT8_MIN - tables.zero_point;
	const int32_t highest = INT8_MAX - tables.zero_point;
	const uint32_t length = stage->input_length * count;
	const int32_t *in = input;
	int8_t *out = output;

	if (tables.narrow) {
		mlforge_quantise_narrow(input, out, length, tables);
		return count;
	}
	if (tables.shift > 32) {
		mlforge_quantise_high(in, out, length, tables);
		return count;
	}
	for (uint32_t i = 0; i < length; i++) {
		const int32_t scaled = mlforge_scale_i32(in[i], tables.multiplier, tables.shift);
		const int32_t value = scaled < lowest    ? lowest
				      : scaled > highest ? highest
							 : scaled;

		out[i] = (int8_t)(value + tables.zero_point);
	}
	return count;
}
