/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED, two products in one multiplication, as in packed.h but for two outputs with the
 * same input: the packed values are made of the weights. A word has two weights of each of two
 * outputs, 128 too large so that masks take them apart. A block starts with 128 times the sum of
 * its inputs less in both halves.
 */
#include <string.h>

#include "packed_outputs.h"

#define MLFORGE_ODD_BYTES_BELOW 0x00ff00ffU

/* With two more inputs and four outputs: p0 += those of the first two, p1 of the others. */
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 2 && defined(__GNUC__)
#define MLFORGE_ADD_PRODUCTS()                                                                     \
	do {                                                                                       \
		uint32_t value, first, second, both;                                               \
                                                                                                   \
		__asm__ volatile("ldrd %[first], %[second], [%[w]], #8\n\t"                        \
				 "ldrsb %[value], [%[x]], #1\n\t"                                  \
				 "and %[both], %[mask], %[first]\n\t"                              \
				 "mla %[p0], %[both], %[value], %[p0]\n\t"                         \
				 "and %[both], %[mask], %[second]\n\t"                             \
				 "mla %[p1], %[both], %[value], %[p1]\n\t"                         \
				 "ldrsb %[value], [%[x]], #1\n\t"                                  \
				 "and %[first], %[mask], %[first], lsr #8\n\t"                     \
				 "and %[second], %[mask], %[second], lsr #8\n\t"                   \
				 "mla %[p0], %[first], %[value], %[p0]\n\t"                        \
				 "mla %[p1], %[second], %[value], %[p1]"                           \
				 : [value] "=&r"(value), [first] "=&r"(first),                     \
				   [second] "=&r"(second), [both] "=&r"(both), [w] "+&r"(w),       \
				   [x] "+&r"(x), [p0] "+&r"(p0), [p1] "+&r"(p1)                    \
				 : [mask] "r"(mask)                                                \
				 : "memory");                                                      \
	} while (0)
#else
#define MLFORGE_ADD_PRODUCTS()                                                                     \
	do {                                                                                       \
		const uint32_t first = (uint32_t)*x++, second = (uint32_t)*x++;                    \
                                                                                                   \
		p0 = p0 + (w[0] & mask) * first + (w[0] >> 8 & mask) * second;                     \
		p1 = p1 + (w[1] & mask) * first + (w[1] >> 8 & mask) * second;                     \
		w += 2;                                                                            \
	} while (0)
#endif

struct sums {
	uint32_t total0, total1, upper0, upper1;
};

static inline void add_block(struct sums *sums, uint32_t p0, uint32_t p1)
{
	sums->total0 += p0;
	sums->upper0 += p0 >> 16;
	sums->total1 += p1;
	sums->upper1 += p1 >> 16;
}

/* What a block starts with whose inputs have this sum, less what both halves of every block start
 * with. */
static inline uint32_t without_offset(uint32_t sum)
{
	return 0U - (sum << 7) - (sum << 23);
}

static __attribute__((noinline)) void sum_by_2(const uint32_t *w, const int8_t *x,
					       const int8_t *end, struct sums *io)
{
	const uint32_t mask = MLFORGE_ODD_BYTES_BELOW;
	struct sums sums = *io;

	do {
		uint32_t p0 = MLFORGE_PACKED_START + without_offset((uint32_t)(x[0] + x[1])),
			 p1 = p0;

		MLFORGE_ADD_PRODUCTS();
		add_block(&sums, p0, p1);
	} while (x != end);
	*io = sums;
}

static __attribute__((noinline)) void sum_by_4(const uint32_t *w, const int8_t *x,
					       const int8_t *end, const uint32_t *starts,
					       struct sums *io)
{
	const uint32_t mask = MLFORGE_ODD_BYTES_BELOW;
	struct sums sums = *io;

	do {
		uint32_t p0 = *starts++, p1 = p0;

		MLFORGE_ADD_PRODUCTS();
		MLFORGE_ADD_PRODUCTS();
		add_block(&sums, p0, p1);
	} while (x != end);
	*io = sums;
}

static __attribute__((noinline)) void sum_by_8(const uint32_t *w, const int8_t *x,
					       const int8_t *end, const uint32_t *starts,
					       struct sums *io)
{
	const uint32_t mask = MLFORGE_ODD_BYTES_BELOW;
	struct sums sums = *io;

	do {
		uint32_t p0 = starts[0] + starts[1] - MLFORGE_PACKED_START, p1 = p0;

		starts += 2;
		MLFORGE_ADD_PRODUCTS();
		MLFORGE_ADD_PRODUCTS();
		MLFORGE_ADD_PRODUCTS();
		MLFORGE_ADD_PRODUCTS();
		add_block(&sums, p0, p1);
	} while (x != end);
	*io = sums;
}

/* What blocks of four start with. */
static void work_out_starts(const int8_t *x, uint32_t depth, uint32_t *starts)
{
	for (uint32_t i = 0; i < depth; i += 4) {
		*starts++ = MLFORGE_PACKED_START +
			    without_offset((uint32_t)(x[0] + x[1] + x[2] + x[3]));
		x += 4;
	}
}

static void one_row(const struct mlforge_packed_fully_connected *op, const int8_t *x,
		    const uint32_t *starts, int8_t *output)
{
	const uint32_t depth = mlforge_packed_depth(op);
	const uint32_t *w = op->weights;
	const uint32_t *bias = op->bias;
	const uint8_t *block = op->blocks;
	const struct mlforge_packed_scale scale = mlforge_packed_scale(op, 0);

	for (uint32_t o = 0; o < op->outputs; o += 4) {
		struct sums sums = {
			.total0 = bias[0] + (bias[1] << 16),
			.total1 = bias[2] + (bias[3] << 16),
			.upper0 = bias[1],
			.upper1 = bias[3],
		};

		if (*block == 2) {
			sum_by_2(w, x, x + depth, &sums);
		} else if (*block == 4) {
			sum_by_4(w, x, x + depth, starts, &sums);
		} else {
			sum_by_8(w, x, x + depth, starts, &sums);
		}
		const uint32_t four[4] = {sums.total0 - (sums.upper0 << 16), sums.upper0,
					  sums.total1 - (sums.upper1 << 16), sums.upper1};

		mlforge_packed_store_outputs(op, four, scale, o, output);
		w += depth;
		bias += 4;
		block++;
	}
	mlforge_packed_clamp_outputs(op, output);
}

void mlforge_packed_fully_connected_s8(const struct mlforge_packed_fully_connected *op,
				       const int8_t *input, int8_t *output, void *scratch)
{
	const uint32_t depth = mlforge_packed_depth(op);
	uint32_t *const starts = scratch;
	int8_t *const copy = (int8_t *)(starts + depth / 4);

	for (uint32_t row = 0; row < op->rows; row++) {
		const int8_t *x = input;

		if (depth != op->inputs) {
			memcpy(copy, input, op->inputs);
			memset(copy + op->inputs, 0, depth - op->inputs);
			x = copy;
		}
		work_out_starts(x, depth, starts);
		one_row(op, x, starts, output);
		input += op->inputs;
		output += op->outputs;
	}
}
