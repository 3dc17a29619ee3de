/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for Thumb-1, two products in one multiplication: see packed.h. Thumb-1 loads single bytes
 * at constant offsets only without sign. So weights are stored 128 too large, and each block of a
 * sum starts with 128 times the sum of its inputs less, which is the same for all channels and
 * worked out once for four pixels.
 */
#include "packed.h"

/* What the blocks of 2, 4 and 8 elements start with, for two pairs of pixels. */
struct starts {
	uint32_t *of[3];
};

/* [depth / block][2] values for blocks of 2, and from those for blocks of 4 and of 8. */
static void work_out_starts(const uint32_t *x, int32_t depth, const struct starts *starts)
{
	uint32_t *to = starts->of[0];

	for (int32_t i = 0; i < depth; i += 2) {
		to[0] = MLFORGE_PACKED_START - ((x[0] + x[2]) << 7);
		to[1] = MLFORGE_PACKED_START - ((x[1] + x[3]) << 7);
		x += 4;
		to += 2;
	}
	for (int32_t size = 1; size < 3; size++) {
		const uint32_t *from = starts->of[size - 1];

		to = starts->of[size];
		for (int32_t i = 2 << size; i <= depth; i += 2 << size) {
			to[0] = from[0] + from[2] - MLFORGE_PACKED_START;
			to[1] = from[1] + from[3] - MLFORGE_PACKED_START;
			from += 4;
			to += 2;
		}
	}
}

#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1 && defined(__GNUC__)

/* The sums are kept in high registers, which can be added to but nothing else. */
#define MLFORGE_PROLOGUE                                                                           \
	"push {r4-r7, lr}\n\t"                                                                     \
	"mov r4, r8\n\tmov r5, r9\n\tmov r6, r10\n\tmov r7, r11\n\t"                               \
	"push {r4-r7}\n\t"                                                                         \
	"mov r12, r3\n\t"                                                                          \
	"ldr r3, [sp, #36]\n\t"                                                                    \
	"ldmia r3!, {r4-r7}\n\t"                                                                   \
	"mov r8, r4\n\tmov r9, r6\n\tmov r10, r5\n\tmov r11, r7\n"                                 \
	"1:\n\t"
#define MLFORGE_START "ldmia r2!, {r4, r5}\n\t"
#define MLFORGE_ADD_PRODUCTS(element)                                                              \
	"ldrb r3, [r0, #" #element "]\n\t"                                                         \
	"ldmia r1!, {r6, r7}\n\t"                                                                  \
	"muls r6, r3\n\tmuls r7, r3\n\tadds r4, r6\n\tadds r5, r7\n\t"
#define MLFORGE_ADD_SUMS                                                                           \
	"add r8, r4\n\tlsrs r4, r4, #16\n\tadd r9, r4\n\t"                                         \
	"add r10, r5\n\tlsrs r5, r5, #16\n\tadd r11, r5\n\t"
#define MLFORGE_EPILOGUE(elements)                                                                 \
	"adds r0, #" #elements "\n\t"                                                              \
	"cmp r0, r12\n\t"                                                                          \
	"bne 1b\n\t"                                                                               \
	"ldr r3, [sp, #36]\n\t"                                                                    \
	"mov r4, r8\n\tmov r5, r10\n\tmov r6, r9\n\tmov r7, r11\n\t"                               \
	"stmia r3!, {r4-r7}\n\t"                                                                   \
	"pop {r4-r7}\n\t"                                                                          \
	"mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\t"                               \
	"pop {r4-r7, pc}\n\t"

#define MLFORGE_BLOCK_2(a, b)                                                                      \
	MLFORGE_START MLFORGE_ADD_PRODUCTS(a) MLFORGE_ADD_PRODUCTS(b) MLFORGE_ADD_SUMS
#define MLFORGE_FOUR(a, b, c, d)                                                                   \
	MLFORGE_ADD_PRODUCTS(a)                                                                    \
	MLFORGE_ADD_PRODUCTS(b) MLFORGE_ADD_PRODUCTS(c) MLFORGE_ADD_PRODUCTS(d)

#define MLFORGE_SUM_FUNCTION(name, ...)                                                            \
	static __attribute__((naked, noinline)) void name(                                         \
		const uint8_t *w __attribute__((unused)),                                          \
		const uint32_t *x __attribute__((unused)),                                         \
		const uint32_t *starts __attribute__((unused)),                                    \
		const uint8_t *end __attribute__((unused)),                                        \
		struct mlforge_packed_sums *sums __attribute__((unused)))                          \
	{                                                                                          \
		__asm__(".syntax unified\n\t" MLFORGE_PROLOGUE __VA_ARGS__);                       \
	}

MLFORGE_SUM_FUNCTION(sum_by_2, MLFORGE_BLOCK_2(0, 1) MLFORGE_BLOCK_2(2, 3) MLFORGE_EPILOGUE(4))
MLFORGE_SUM_FUNCTION(sum_by_4,
		     MLFORGE_START MLFORGE_FOUR(0, 1, 2, 3) MLFORGE_ADD_SUMS MLFORGE_EPILOGUE(4))
MLFORGE_SUM_FUNCTION(sum_by_8, MLFORGE_START MLFORGE_FOUR(0, 1, 2, 3) MLFORGE_FOUR(4, 5, 6, 7)
				       MLFORGE_ADD_SUMS MLFORGE_EPILOGUE(8))

#else

static void sum_blocks(const uint8_t *w, const uint32_t *x, const uint32_t *starts,
		       const uint8_t *end, int32_t block, struct mlforge_packed_sums *sums)
{
	while (w != end) {
		for (int32_t pair = 0; pair < 2; pair++) {
			uint32_t p = starts[pair];

			for (int32_t i = 0; i < block; i++) {
				p += w[i] * x[2 * i + pair];
			}
			sums->total[pair] += p;
			sums->upper[pair] += p >> 16;
		}
		w += block;
		x += 2 * block;
		starts += 2;
	}
}

static void sum_by_2(const uint8_t *w, const uint32_t *x, const uint32_t *starts,
		     const uint8_t *end, struct mlforge_packed_sums *sums)
{
	sum_blocks(w, x, starts, end, 2, sums);
}

static void sum_by_4(const uint8_t *w, const uint32_t *x, const uint32_t *starts,
		     const uint8_t *end, struct mlforge_packed_sums *sums)
{
	sum_blocks(w, x, starts, end, 4, sums);
}

static void sum_by_8(const uint8_t *w, const uint32_t *x, const uint32_t *starts,
		     const uint8_t *end, struct mlforge_packed_sums *sums)
{
	sum_blocks(w, x, starts, end, 8, sums);
}

#endif

static __attribute__((noinline)) void store(const struct mlforge_packed_sums *sums, uint32_t factor,
					    int32_t shift, int32_t half,
					    const struct mlforge_packed_places *places,
					    int8_t *output)
{
	mlforge_packed_store(sums, factor, shift + 1, (int32_t)((uint32_t)half << shift), places,
			     output);
}

static void four_pixels(const struct mlforge_packed_conv_2d *op, const uint32_t *x,
			const struct starts *starts, const struct mlforge_packed_places *places,
			int8_t *output)
{
	const uint8_t *w = (const uint8_t *)op->weights;
	const uint8_t *code = op->codes;
	const uint32_t *channel = op->channels;
	const int32_t half = 2 * op->zero_point + 1;

	for (int32_t c = 0; c < op->output_channels; c++) {
		const uint32_t bias = channel[0];
		const uint8_t *const end = w + op->depth;
		const int32_t size = *code >> 5;
		struct mlforge_packed_sums sums = {{bias + (bias << 16), bias + (bias << 16)},
						   {bias, bias}};

		if (size == 0) {
			sum_by_2(w, x, starts->of[0], end, &sums);
		} else if (size == 1) {
			sum_by_4(w, x, starts->of[1], end, &sums);
		} else {
			sum_by_8(w, x, starts->of[2], end, &sums);
		}
		store(&sums, channel[1], *code & 31, half, places, output + c);
		w = end;
		channel += 2;
		code++;
	}
}

void mlforge_thumb1_conv_2d_s8(const struct mlforge_packed_conv_2d *op, const int8_t *input,
			       int8_t *output, void *scratch)
{
	const int32_t depth = op->depth;
	uint32_t *const packed = scratch;
	const struct starts starts = {
		{packed + 2 * depth, packed + 3 * depth, packed + 3 * depth + depth / 2}};
	struct mlforge_packed_walk walk = mlforge_packed_start(
		op, input, (int8_t *)(packed + 3 * depth + depth / 2 + depth / 4));
	int8_t *to = output;

	while (walk.left > 0) {
		const int32_t count = mlforge_packed_next(&walk, packed);
		const struct mlforge_packed_places places =
			mlforge_packed_places(count, op->output_channels);

		work_out_starts(packed, depth, &starts);
		four_pixels(op, packed, &starts, &places, to);
		to += count * op->output_channels;
	}
	mlforge_packed_clamp(op, output);
}
