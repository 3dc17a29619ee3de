/* SPDX-License-Identifier: Apache-2.0
 *
 * CAST. Integers that are too large lose their upper bits; a float that no int32 holds becomes the
 * nearest one, and not-a-number 0.
 */
#include <string.h>

#include "mlforge/kernels.h"
#include "mlforge/model.h"

static int32_t load_integer(const int8_t *from, int32_t type)
{
	int16_t narrow;
	int32_t wide;

	switch (type) {
	case MLFORGE_INT8:
		return *from;
	case MLFORGE_INT16:
		memcpy(&narrow, from, sizeof(narrow));
		return narrow;
	default:
		memcpy(&wide, from, sizeof(wide));
		return wide;
	}
}

static int32_t truncate(float x)
{
	if (!(x > -2147483648.0f)) {
		return x != x ? 0 : INT32_MIN;
	}
	return x < 2147483648.0f ? (int32_t)x : INT32_MAX;
}

static void store_integer(int8_t *to, int32_t type, int32_t value)
{
	const uint16_t narrow = (uint16_t)value;

	switch (type) {
	case MLFORGE_INT8:
		*to = (int8_t)(uint8_t)value;
		break;
	case MLFORGE_INT16:
		memcpy(to, &narrow, sizeof(narrow));
		break;
	default:
		memcpy(to, &value, sizeof(value));
		break;
	}
}

static uint32_t size_of(int32_t type)
{
	return type == MLFORGE_INT8 ? 1 : type == MLFORGE_INT16 ? 2 : 4;
}

void mlforge_cast(const struct mlforge_cast *op, const int8_t *input, int8_t *output)
{
	const uint32_t step = size_of(op->from), out = size_of(op->to);

	for (uint32_t i = 0; i < op->count; i++) {
		float real = 0.0f;
		int32_t whole = 0;

		if (op->from == MLFORGE_FLOAT32) {
			memcpy(&real, input, sizeof(real));
			whole = op->to == MLFORGE_FLOAT32 ? 0 : truncate(real);
		} else {
			whole = load_integer(input, op->from);
			real = (float)whole;
		}
		if (op->to == MLFORGE_FLOAT32) {
			memcpy(output, &real, sizeof(real));
		} else {
			store_integer(output, op->to, whole);
		}
		input += step;
		output += out;
	}
}
