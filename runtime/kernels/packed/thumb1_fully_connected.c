/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for Thumb-1: four outputs at a time. Thumb-1 loads single bytes at constant
 * offsets only without sign, so that inputs (in a copy) and weights are 128 too large; the bias
 * makes up for the weights, and the sum of the copy for the inputs.
 */
#include "packed_outputs.h"

#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1 && defined(__GNUC__)

#define MLFORGE_ADD_PRODUCT(sum, weight)                                                           \
	"ldrb r3, [r1, #" #weight "]\n\tmuls r3, r2\n\tadds " #sum ", r3\n\t"
#define MLFORGE_ADD_PRODUCTS(input, a, b, c, d)                                                    \
	"ldrb r2, [r0, #" #input "]\n\t" MLFORGE_ADD_PRODUCT(r4, a) MLFORGE_ADD_PRODUCT(r5, b)     \
		MLFORGE_ADD_PRODUCT(r6, c) MLFORGE_ADD_PRODUCT(r7, d)

/* sums[j] += the sum over x[k] * w[k][j], up to `end`; x has a multiple of four elements. */
static __attribute__((naked, noinline)) void
add_products(const uint8_t *x __attribute__((unused)), const uint8_t *w __attribute__((unused)),
	     const uint8_t *end __attribute__((unused)), uint32_t sums[4] __attribute__((unused)))
{
	__asm__(".syntax unified\n\t"
		"push {r3-r7, lr}\n\t"
		"mov r12, r2\n\t"
		"ldmia r3!, {r4-r7}\n\t"
		"1:\n\t" MLFORGE_ADD_PRODUCTS(0, 0, 2, 4, 6) MLFORGE_ADD_PRODUCTS(1, 1, 3, 5, 7)
			MLFORGE_ADD_PRODUCTS(2, 8, 10, 12, 14)
				MLFORGE_ADD_PRODUCTS(3, 9, 11, 13, 15) "adds r0, #4\n\t"
								       "adds r1, #16\n\t"
								       "cmp r0, r12\n\t"
								       "bne 1b\n\t"
								       "pop {r3}\n\t"
								       "stmia r3!, {r4-r7}\n\t"
								       "pop {r4-r7, pc}\n\t");
}

#else

static void add_products(const uint8_t *x, const uint8_t *w, const uint8_t *end, uint32_t sums[4])
{
	while (x != end) {
		for (int32_t j = 0; j < 4; j++) {
			sums[j] += (uint32_t)x[0] * w[2 * j] + (uint32_t)x[1] * w[2 * j + 1];
		}
		x += 2;
		w += 8;
	}
}

#endif

/* The inputs, 128 more, with zeros up to `depth`. Returns their sum. */
static uint32_t copy_inputs(const int8_t *input, uint32_t inputs, uint32_t depth, uint8_t *to)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < inputs; i++) {
		const uint8_t x = (uint8_t)(input[i] + 128);

		to[i] = x;
		sum += x;
	}
	for (uint32_t i = inputs; i < depth; i++) {
		to[i] = 0;
	}
	return sum;
}

static void one_row(const struct mlforge_packed_fully_connected *op, const uint8_t *x,
		    uint32_t offset, int8_t *output)
{
	const uint32_t depth = mlforge_packed_depth(op);
	const uint8_t *weights = (const uint8_t *)op->weights;
	const uint32_t *bias = op->bias;
	const struct mlforge_packed_scale scale = mlforge_packed_scale(op, 0);

	for (uint32_t o = 0; o < op->outputs; o += 4) {
		uint32_t sums[4] = {bias[0] - offset, bias[1] - offset, bias[2] - offset,
				    bias[3] - offset};

		add_products(x, weights, x + depth, sums);
		mlforge_packed_store_outputs(op, sums, scale, o, output);
		weights += 4 * depth;
		bias += 4;
	}
	mlforge_packed_clamp_outputs(op, output);
}

void mlforge_thumb1_fully_connected_s8(const struct mlforge_packed_fully_connected *op,
				       const int8_t *input, int8_t *output, void *scratch)
{
	uint8_t *const copy = scratch;

	for (uint32_t row = 0; row < op->rows; row++) {
		one_row(op, copy,
			copy_inputs(input, op->inputs, mlforge_packed_depth(op), copy) << 7,
			output);
		input += op->inputs;
		output += op->outputs;
	}
}
