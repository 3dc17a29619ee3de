/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D for MVE: four windows of at most one vector meet one channel after the other. Private to
 * runtime/kernels.
 *
 * The loops are written out, because the compiler takes the sums to vectors by way of the stack.
 * Where no result lies below the zero point, halves need no care: those of negative numbers end at
 * the smallest result however they are rounded.
 */
#ifndef MLFORGE_KERNELS_MVE_CHANNELS_H_
#define MLFORGE_KERNELS_MVE_CHANNELS_H_

#include "mve.h"

#define MLFORGE_MVE_FEW 16 /* elements that are in one vector */

/* Results go to `output` plus `offsets`, channel after channel. */
struct mlforge_mve_tile {
	const int8_t *windows[4];
	uint32_t offsets[4];
	int8_t *output;
};

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)

/* The first elements of a window, and zeros behind them. */
static inline int32x4_t mlforge_mve_elements(const int8_t *window, int32_t size)
{
	int32x4_t elements;

	__asm__("vctp.8 %[size]\n\t"
		"vpst\n\t"
		"vldrbt.u8 %q[elements], [%[window]]\n\t"
		: [elements] "=w"(elements)
		: [size] "r"(size), [window] "r"(window)
		: "memory");
	return elements;
}

#define MLFORGE_MVE_FEW_ELEMENTS(before, halves)                                                   \
	__asm__ volatile(before "dls lr, %[count]\n"                                               \
				"1:\n\t"                                                           \
				"vldrb.u8 %q[sums], [%[w]]\n\t"                                    \
				"add %[w], %[w], %[size]\n\t"                                      \
				"vmladav.s8 %[s0], %q[x0], %q[sums]\n\t"                           \
				"vmladav.s8 %[s1], %q[x1], %q[sums]\n\t"                           \
				"vmladav.s8 %[s2], %q[x2], %q[sums]\n\t"                           \
				"vmladav.s8 %[s3], %q[x3], %q[sums]\n\t"                           \
				"vmov %q[sums][2], %q[sums][0], %[s0], %[s2]\n\t"                  \
				"vmov %q[sums][3], %q[sums][1], %[s1], %[s3]\n\t"                  \
				"ldr %[s0], [%[channel]], #4\n\t"                                  \
				"ldrd %[s1], %[s2], [%[channel]], #8\n\t"                          \
				"vadd.i32 %q[sums], %q[sums], %[s0]\n\t"                           \
				"vqrdmulh.s32 %q[sums], %q[sums], %[s1]\n\t" halves                \
				"vrshl.s32 %q[sums], %[s2]\n\t"                                    \
				"vadd.i32 %q[sums], %q[sums], %[zero]\n\t"                         \
				"vmax.s32 %q[sums], %q[sums], %q[low]\n\t"                         \
				"vmin.s32 %q[sums], %q[sums], %q[high]\n\t"                        \
				"vstrb.32 %q[sums], [%[to], %q[rest]]\n\t"                         \
				"add %[to], %[to], #1\n\t"                                         \
				"le lr, 1b\n\t"                                                    \
			 : [w] "+r"(w), [channel] "+r"(channel), [to] "+r"(to), [s0] "=&Te"(s0),   \
			   [s1] "=&Te"(s1), [s2] "=&Te"(s2), [s3] "=&Te"(s3), [sums] "=&w"(sums),  \
			   [rest] "=&w"(rest)                                                      \
			 : [x0] "w"(x0), [x1] "w"(x1), [x2] "w"(x2), [x3] "w"(x3), [low] "w"(low), \
			   [high] "w"(high), [size] "r"(size), [count] "r"(op->output_channels),   \
			   [zero] "r"((int32_t)op->zero_point), [offsets] "r"(tile->offsets)       \
			 : "lr", "memory")

/* For `size` of at most MLFORGE_MVE_FEW. */
static inline void mlforge_mve_few_elements(const struct mlforge_mve_conv_2d *op,
					    const struct mlforge_mve_tile *tile, int32_t size)
{
	const int8_t *w = op->weights;
	const int32_t *channel = op->channels;
	int8_t *to = tile->output;
	const int32x4_t x0 = mlforge_mve_elements(tile->windows[0], size);
	const int32x4_t x1 = mlforge_mve_elements(tile->windows[1], size);
	const int32x4_t x2 = mlforge_mve_elements(tile->windows[2], size);
	const int32x4_t x3 = mlforge_mve_elements(tile->windows[3], size);
	const int32x4_t low = vdupq_n_s32(op->low), high = vdupq_n_s32(op->high);
	int32x4_t sums, rest;
	int32_t s0, s1, s2, s3;

	if (op->low >= op->zero_point) {
		MLFORGE_MVE_FEW_ELEMENTS("vldrw.u32 %q[rest], [%[offsets]]\n\t", "");
	} else {
		MLFORGE_MVE_FEW_ELEMENTS(
			"", MLFORGE_MVE_HALVES("%q[sums]",
					       "%q[rest]") "vldrw.u32 %q[rest], [%[offsets]]\n\t");
	}
}

#else

static inline void mlforge_mve_few_elements(const struct mlforge_mve_conv_2d *op,
					    const struct mlforge_mve_tile *tile, int32_t size)
{
	const int8_t *w = op->weights;
	const int32_t *channel = op->channels;
	mlforge_lanes offsets;

	memcpy(offsets.lane, tile->offsets, sizeof(offsets.lane));
	for (int32_t c = 0; c < op->output_channels; c++) {
		mlforge_lanes sums = mlforge_lanes_dot(
			w, tile->windows[0], tile->windows[1], tile->windows[2], tile->windows[3],
			size, channel[0], channel[0], channel[0], channel[0]);

		sums = mlforge_lanes_requantise(sums, mlforge_lanes_all(channel[1]),
						mlforge_lanes_all(channel[2]), op->zero_point);
		mlforge_lanes_store(sums, op->low, op->high, tile->output + c, offsets);
		w += size;
		channel += 3;
	}
}

#endif

#endif /* MLFORGE_KERNELS_MVE_CHANNELS_H_ */
