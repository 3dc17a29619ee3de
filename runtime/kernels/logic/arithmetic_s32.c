/* SPDX-License-Identifier: Apache-2.0
 *
 * ADD, SUB and MUL of int32.
 */
#include "kernels/logic/arithmetic_s32.h"

static uint32_t sum(uint32_t a, uint32_t b)
{
	return a + b;
}

static uint32_t difference(uint32_t a, uint32_t b)
{
	return a - b;
}

static uint32_t product(uint32_t a, uint32_t b)
{
	return a * b;
}

void mlforge_add_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output)
{
	mlforge_combined_s32(op, input_1, input_2, output, sum);
}

void mlforge_sub_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output)
{
	mlforge_combined_s32(op, input_1, input_2, output, difference);
}

void mlforge_mul_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output)
{
	mlforge_combined_s32(op, input_1, input_2, output, product);
}
