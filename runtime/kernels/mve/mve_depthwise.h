/* SPDX-License-Identifier: Apache-2.0
 *
 * What DEPTHWISE_CONV_2D for MVE does with sixteen channels. Private to runtime/kernels.
 *
 * What a channel sees of the input lies in one vector, so that a sum of products is one
 * instruction: the four outputs of a tile are four of those, with the weights at different places
 * among zeros. See mve_channels.h for halves.
 */
#ifndef MLFORGE_KERNELS_MVE_DEPTHWISE_H_
#define MLFORGE_KERNELS_MVE_DEPTHWISE_H_

#include "mve.h"

#define MLFORGE_MVE_LANES 16 /* channels at a time, and bytes for each that they see */

/* One tile of sixteen channels or fewer. */
struct mlforge_mve_sight {
	const int8_t *seen;    /* [patches][MLFORGE_MVE_LANES][16] */
	const int8_t *records; /* for each channel its weights in the vectors of each variant, then
				  bias, multiplier and shift to the left, int32_t */
	int32_t channels;
	uint32_t offsets[4]; /* of the four outputs, from `output` on, in bytes, modulo 2^32 */
	int8_t *output;
};

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)

/* `count` pixels, at least 1, `step` bytes apart: the first `channels` of each, and zeros. Returns
 * what follows `to`. */
static inline int8_t *mlforge_mve_copy_pixels(int8_t *to, const int8_t *from, int32_t step,
					      int32_t channels, int32_t count)
{
	__asm__ volatile("vctp.8 %[channels]\n\t"
			 "dls lr, %[count]\n"
			 "1:\n\t"
			 "vpst\n\t"
			 "vldrbt.u8 q0, [%[from]]\n\t"
			 "vstrb.8 q0, [%[to]], #16\n\t"
			 "add %[from], %[from], %[step]\n\t"
			 "le lr, 1b\n\t"
			 : [to] "+r"(to), [from] "+r"(from)
			 : [step] "r"(step), [channels] "r"(channels), [count] "r"(count)
			 : "q0", "lr", "memory");
	return to;
}

/* The same with `value` everywhere, for any `count`. */
static inline int8_t *mlforge_mve_fill_pixels(int8_t *to, int32_t value, int32_t count)
{
	const int8x16_t values = vdupq_n_s8((int8_t)value);

	for (; count > 0; count--) {
		vst1q_s8(to, values);
		to += 16;
	}
	return to;
}

/* Four pixels of sixteen channels each become the next bytes of each channel. */
static inline void mlforge_mve_turn_four(const int8_t *pixels, int8_t *seen)
{
	const uint8x16_t places = vmulq_n_u8(vidupq_n_u8(0, 1), 16);
	const uint8x16_t second = vaddq_n_u8(places, 1), third = vaddq_n_u8(places, 2);
	const uint8x16_t fourth = vaddq_n_u8(places, 3);

	__asm__ volatile("vldrb.u8 q0, [%[pixels]]\n\t"
			 "vldrb.u8 q1, [%[pixels], #16]\n\t"
			 "vldrb.u8 q2, [%[pixels], #32]\n\t"
			 "vldrb.u8 q3, [%[pixels], #48]\n\t"
			 "vstrb.8 q0, [%[seen], %q[first]]\n\t"
			 "vstrb.8 q1, [%[seen], %q[second]]\n\t"
			 "vstrb.8 q2, [%[seen], %q[third]]\n\t"
			 "vstrb.8 q3, [%[seen], %q[fourth]]\n\t"
			 :
			 : [pixels] "r"(pixels), [seen] "r"(seen), [first] "w"(places),
			   [second] "w"(second), [third] "w"(third), [fourth] "w"(fourth)
			 : "q0", "q1", "q2", "q3", "memory");
}

/* Only one. */
static inline void mlforge_mve_turn_one(const int8_t *pixel, int8_t *seen)
{
	vstrbq_scatter_offset_s8(seen, vmulq_n_u8(vidupq_n_u8(0, 1), 16), vld1q_s8(pixel));
}

#define MLFORGE_MVE_PRODUCTS_OF_1                                                                  \
	"vldrb.u8 %q[x], [%[seen]], #16\n\t"                                                       \
	"vldrb.u8 %q[sums], [%[record]], #16\n\t"                                                  \
	"vmladav.s8 %[s0], %q[x], %q[sums]\n\t"                                                    \
	"vldrb.u8 %q[y], [%[record]], #16\n\t"                                                     \
	"vmladav.s8 %[s1], %q[x], %q[y]\n\t"                                                       \
	"vldrb.u8 %q[sums], [%[record]], #16\n\t"                                                  \
	"vmladav.s8 %[s2], %q[x], %q[sums]\n\t"                                                    \
	"vldrb.u8 %q[y], [%[record]], #16\n\t"                                                     \
	"vmladav.s8 %[s3], %q[x], %q[y]\n\t"

#define MLFORGE_MVE_PRODUCTS_OF_2                                                                  \
	"vldrb.u8 %q[x], [%[seen]]\n\t"                                                            \
	"vldrb.u8 %q[sums], [%[record]], #16\n\t"                                                  \
	"vmladav.s8 %[s0], %q[x], %q[sums]\n\t"                                                    \
	"vldrb.u8 %q[y], [%[record]], #16\n\t"                                                     \
	"vmladav.s8 %[s1], %q[x], %q[y]\n\t"                                                       \
	"add %[seen], %[seen], #256\n\t"                                                           \
	"vldrb.u8 %q[x], [%[seen]]\n\t"                                                            \
	"vmladav.s8 %[s2], %q[x], %q[sums]\n\t"                                                    \
	"sub %[seen], %[seen], #240\n\t"                                                           \
	"vmladav.s8 %[s3], %q[x], %q[y]\n\t"

#define MLFORGE_MVE_SIXTEEN_CHANNELS(products, halves)                                             \
	__asm__ volatile("dls lr, %[count]\n"                                                      \
			 "1:\n\t" products "vmov %q[sums][2], %q[sums][0], %[s0], %[s2]\n\t"       \
			 "vmov %q[sums][3], %q[sums][1], %[s1], %[s3]\n\t"                         \
			 "ldr %[s0], [%[record]], #4\n\t"                                          \
			 "ldrd %[s1], %[s2], [%[record]], #8\n\t"                                  \
			 "vadd.i32 %q[sums], %q[sums], %[s0]\n\t"                                  \
			 "vqrdmulh.s32 %q[sums], %q[sums], %[s1]\n\t" halves                       \
			 "vrshl.s32 %q[sums], %[s2]\n\t"                                           \
			 "vadd.i32 %q[sums], %q[sums], %[zero]\n\t"                                \
			 "vmax.s32 %q[sums], %q[sums], %q[low]\n\t"                                \
			 "vmin.s32 %q[sums], %q[sums], %q[high]\n\t"                               \
			 "vstrb.32 %q[sums], [%[to], %q[offsets]]\n\t"                             \
			 "add %[to], %[to], #1\n\t"                                                \
			 "le lr, 1b\n\t"                                                           \
			 : [seen] "+&r"(seen), [record] "+&r"(record), [to] "+&r"(to),             \
			   [s0] "=&Te"(s0), [s1] "=&Te"(s1), [s2] "=&Te"(s2), [s3] "=&Te"(s3),     \
			   [x] "=&w"(x), [y] "=&w"(y), [sums] "=&w"(sums)                          \
			 : [low] "w"(low), [high] "w"(high), [offsets] "w"(offsets),               \
			   [count] "r"(sight->channels), [zero] "r"((int32_t)op->zero_point)       \
			 : "lr", "memory")

/* `patches`: 1 or 2, of which the tile's four outputs see one, or two each. */
static inline void mlforge_mve_sixteen_channels(const struct mlforge_mve_depthwise *op,
						const struct mlforge_mve_sight *sight,
						int32_t patches)
{
	const int8_t *seen = sight->seen, *record = sight->records;
	const int32x4_t low = vdupq_n_s32(op->low), high = vdupq_n_s32(op->high);
	const uint32x4_t offsets = vldrwq_u32(sight->offsets);
	int8_t *to = sight->output;
	int32x4_t x, y, sums;
	int32_t s0, s1, s2, s3;

	if (op->low >= op->zero_point) {
		if (patches == 1) {
			MLFORGE_MVE_SIXTEEN_CHANNELS(MLFORGE_MVE_PRODUCTS_OF_1, "");
		} else {
			MLFORGE_MVE_SIXTEEN_CHANNELS(MLFORGE_MVE_PRODUCTS_OF_2, "");
		}
	} else if (patches == 1) {
		MLFORGE_MVE_SIXTEEN_CHANNELS(MLFORGE_MVE_PRODUCTS_OF_1,
					     MLFORGE_MVE_HALVES("%q[sums]", "%q[y]"));
	} else {
		MLFORGE_MVE_SIXTEEN_CHANNELS(MLFORGE_MVE_PRODUCTS_OF_2,
					     MLFORGE_MVE_HALVES("%q[sums]", "%q[y]"));
	}
}

#else

static inline int8_t *mlforge_mve_copy_pixels(int8_t *to, const int8_t *from, int32_t step,
					      int32_t channels, int32_t count)
{
	for (; count > 0; count--) {
		memset(to, 0, MLFORGE_MVE_LANES);
		memcpy(to, from, (uint32_t)channels);
		to += MLFORGE_MVE_LANES;
		from += step;
	}
	return to;
}

static inline int8_t *mlforge_mve_fill_pixels(int8_t *to, int32_t value, int32_t count)
{
	if (count <= 0) {
		return to;
	}
	memset(to, value, (uint32_t)count * MLFORGE_MVE_LANES);
	return to + count * MLFORGE_MVE_LANES;
}

static inline void mlforge_mve_turn_one(const int8_t *pixel, int8_t *seen)
{
	for (int32_t c = 0; c < MLFORGE_MVE_LANES; c++) {
		seen[c * 16] = pixel[c];
	}
}

static inline void mlforge_mve_turn_four(const int8_t *pixels, int8_t *seen)
{
	for (int32_t i = 0; i < 4; i++) {
		mlforge_mve_turn_one(pixels + i * MLFORGE_MVE_LANES, seen + i);
	}
}

static inline int32_t mlforge_mve_products(const int8_t *x, const int8_t *w)
{
	int32_t sum = 0;

	for (int32_t i = 0; i < 16; i++) {
		sum += x[i] * w[i];
	}
	return sum;
}

static inline void mlforge_mve_sixteen_channels(const struct mlforge_mve_depthwise *op,
						const struct mlforge_mve_sight *sight,
						int32_t patches)
{
	const int32_t variants = 4 / patches;
	const int8_t *record = sight->records;

	for (int32_t c = 0; c < sight->channels; c++) {
		int32_t finish[3];

		memcpy(finish, record + variants * 16, sizeof(finish));
		for (int32_t i = 0; i < 4; i++) {
			const int8_t *x = sight->seen + (i / variants * MLFORGE_MVE_LANES + c) * 16;
			const int32_t sum =
				finish[0] + mlforge_mve_products(x, record + i % variants * 16);
			const int32_t y = mlforge_divide_by_power(
				mlforge_multiply_high(sum, finish[1]), -1 - finish[2]);

			sight->output[(int32_t)sight->offsets[i] + c] =
				(int8_t)mlforge_clamp(y + op->zero_point, op->low, op->high);
		}
		record += variants * 16 + (int32_t)sizeof(finish);
	}
}

#endif

#endif /* MLFORGE_KERNELS_MVE_DEPTHWISE_H_ */
