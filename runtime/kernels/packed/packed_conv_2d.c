/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D, two products in one multiplication: see packed.h. Four pixels meet one channel at a
 * time.
 */
#include "packed.h"

/* Two sums of a block, `p0` and `p1`, become those of `start` plus the products of the next weight.
 */
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 2 && defined(__GNUC__)
/* In this order, which the compiler would not find: it loads far ahead and runs out of registers.
 */
#define MLFORGE_ADD_PRODUCTS(start0, start1)                                                       \
	do {                                                                                       \
		uint32_t weight, x0, x1;                                                           \
                                                                                                   \
		__asm__ volatile("ldrsb %[weight], [%[w]], #1\n\t"                                 \
				 "ldrd %[x0], %[x1], [%[x]], #8\n\t"                               \
				 "mla %[p0], %[x0], %[weight], %[s0]\n\t"                          \
				 "mla %[p1], %[x1], %[weight], %[s1]"                              \
				 : [weight] "=&r"(weight), [x0] "=&r"(x0), [x1] "=&r"(x1),         \
				   [w] "+&r"(w), [x] "+&r"(x), [p0] "=&r"(p0), [p1] "=r"(p1)       \
				 : [s0] "r"(start0), [s1] "r"(start1)                              \
				 : "memory");                                                      \
	} while (0)
#else
#define MLFORGE_ADD_PRODUCTS(start0, start1)                                                       \
	do {                                                                                       \
		const uint32_t weight = (uint32_t)*w++;                                            \
                                                                                                   \
		p0 = (start0) + weight * x[0];                                                     \
		p1 = (start1) + weight * x[1];                                                     \
		x += 2;                                                                            \
	} while (0)
#endif

/* So that the sums of several blocks are not added up first, in more registers than there are. */
#if defined(__GNUC__)
#define MLFORGE_IN_THIS_ORDER(a, b, c, d) __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d))
#else
#define MLFORGE_IN_THIS_ORDER(a, b, c, d) ((void)0)
#endif

/* `block` is a constant wherever this is used, so that its loop is unrolled. */
static inline __attribute__((always_inline)) void sum_blocks(const int8_t *w, const uint32_t *x,
							     const uint32_t *end, int32_t block,
							     uint32_t bias,
							     struct mlforge_packed_sums *sums)
{
	uint32_t upper0 = bias, upper1 = bias, total0 = bias + (bias << 16), total1 = total0;

	do {
		/* At least four elements before the next branch. */
#pragma GCC unroll 2
		for (int32_t done = 0; done < 4; done += block) {
			uint32_t p0, p1;

			MLFORGE_ADD_PRODUCTS(MLFORGE_PACKED_START, MLFORGE_PACKED_START);
#pragma GCC unroll 8
			for (int32_t i = 1; i < block; i++) {
				MLFORGE_ADD_PRODUCTS(p0, p1);
			}
			total0 += p0;
			upper0 += p0 >> 16;
			total1 += p1;
			upper1 += p1 >> 16;
			MLFORGE_IN_THIS_ORDER(total0, upper0, total1, upper1);
		}
	} while (x != end);
	sums->total[0] = total0;
	sums->total[1] = total1;
	sums->upper[0] = upper0;
	sums->upper[1] = upper1;
}

static __attribute__((noinline)) void four_pixels(const struct mlforge_packed_conv_2d *op,
						  const uint32_t *x,
						  const struct mlforge_packed_places *places,
						  int8_t *output)
{
	const uint32_t *const end = x + 2 * op->depth;
	const uint32_t *channel = op->channels;
	const int8_t *const output_end = output + op->output_channels;
	const int32_t half = 2 * op->zero_point + 1;
	const int8_t *w = op->weights;
	const int32_t depth = op->depth;
	const uint8_t *code = op->codes;

	do {
		struct mlforge_packed_sums sums;
		const uint32_t bias = channel[0];
		const int32_t shift = *code & 31;
		const int32_t block = *code++ >> 5;

		if (block == 0) {
			sum_blocks(w, x, end, 2, bias, &sums);
		} else if (block == 1) {
			sum_blocks(w, x, end, 4, bias, &sums);
		} else {
			sum_blocks(w, x, end, 8, bias, &sums);
		}
		mlforge_packed_store(&sums, channel[1], shift + 1,
				     (int32_t)((uint32_t)half << shift), places, output);
		w += depth;
		channel += 2;
		output++;
	} while (output != output_end);
}

void mlforge_packed_conv_2d_s8(const struct mlforge_packed_conv_2d *op, const int8_t *input,
			       int8_t *output, void *scratch)
{
	uint32_t *const packed = scratch;
	struct mlforge_packed_walk walk =
		mlforge_packed_start(op, input, (int8_t *)(packed + 2 * op->depth));
	int8_t *to = output;

	while (walk.left > 0) {
		const int32_t count = mlforge_packed_next(&walk, packed);
		const struct mlforge_packed_places places =
			mlforge_packed_places(count, op->output_channels);

		four_pixels(op, packed, &places, to);
		to += count * op->output_channels;
	}
	mlforge_packed_clamp(op, output);
}
