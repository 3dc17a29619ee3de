/* SPDX-License-Identifier: Apache-2.0
 *
 * DIV, MAXIMUM and MINIMUM of int32.
 */
#include "kernels/logic/arithmetic_s32.h"

/* Towards zero. What is divided by 0 becomes as large as it gets. */
static uint32_t quotient(uint32_t a, uint32_t b)
{
	const int32_t x = (int32_t)a, y = (int32_t)b;

	if (y == 0) {
		return (uint32_t)(x < 0 ? INT32_MIN : x > 0 ? INT32_MAX : 0);
	}
	return y == -1 ? 0U - a : (uint32_t)(x / y);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return (int32_t)a > (int32_t)b ? a : b;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return (int32_t)a < (int32_t)b ? a : b;
}

void mlforge_div_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output)
{
	mlforge_combined_s32(op, input_1, input_2, output, quotient);
}

void mlforge_maximum_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
			 const void *input_2, void *output)
{
	mlforge_combined_s32(op, input_1, input_2, output, larger);
}

void mlforge_minimum_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
			 const void *input_2, void *output)
{
	mlforge_combined_s32(op, input_1, input_2, output, smaller);
}
