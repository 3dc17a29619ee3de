/* SPDX-License-Identifier: Apache-2.0
 *
 * Samples into the transform and bins out of it, in MVE's vectors.
 */
#include "features/vectors.h"

#if MLFORGE_VECTORS

uint32_t mlforge_load_vectors(const struct mlforge_fft *fft, const int16_t *input, int32_t *z,
			      uint32_t from, uint32_t to, const uint16_t *weights,
			      int32_t direction)
{
	const int32_t bits = (int32_t)mlforge_pair_bits(fft);
	const int32_t right = -(int32_t)fft->shift;
	const int16_t *at = (const int16_t *)weights;
	uint32x4_t pairs = vidupq_n_u32(from, 1);
	uint16x8_t backwards = vidupq_n_u16(0, 1);

	if (direction < 0) {
		backwards = vsubq_u16(vdupq_n_u16(7), backwards);
		at -= 7;
	}
	for (; from + 4U <= to; from += 4U) {
		const int16x8_t samples = vld1q_s16(&input[2U * from]);
		const int16x8_t weight = vldrhq_gather_shifted_offset_s16(at, backwards);
		const uint32x4_t places = vshlq_n_u32(vbrsrq_n_u32(pairs, bits), 1);
		const int32x4_t even = vrshlq_n_s32(vmullbq_int_s16(samples, weight), right);
		const int32x4_t odd = vrshlq_n_s32(vmulltq_int_s16(samples, weight), right);

		vstrwq_scatter_shifted_offset_s32(z, places, even);
		vstrwq_scatter_shifted_offset_s32(z + 1, places, odd);
		pairs = vaddq_n_u32(pairs, 4);
		at += 8 * direction;
	}
	return from;
}

uint32_t mlforge_clear_vectors(const struct mlforge_fft *fft, int32_t *z, uint32_t from)
{
	const int32_t bits = (int32_t)mlforge_pair_bits(fft);
	const uint32_t pairs = (fft->size / 2U - from) & ~3U;
	const int32x4_t zero = vdupq_n_s32(0);
	uint32x4_t number = vidupq_n_u32(from, 1);

	for (uint32_t i = 0; i < pairs; i += 4) {
		const uint32x4_t places = vshlq_n_u32(vbrsrq_n_u32(number, bits), 1);

		vstrwq_scatter_shifted_offset_s32(z, places, zero);
		vstrwq_scatter_shifted_offset_s32(z + 1, places, zero);
		number = vaddq_n_u32(number, 4);
	}
	return pairs;
}

static inline uint32_t mlforge_spectrum_or_of(uint32x4_t bits)
{
	return vgetq_lane_u32(bits, 0) | vgetq_lane_u32(bits, 1) | vgetq_lane_u32(bits, 2) |
	       vgetq_lane_u32(bits, 3);
}

static inline uint32x4_t mlforge_spectrum_with(uint32x4_t bits, int32x4_t part)
{
	return vorrq_u32(bits, vreinterpretq_u32_s32(vabsq_s32(part)));
}

uint32_t mlforge_split_vectors(const struct mlforge_fft *fft, int32_t *z, uint32_t pairs)
{
	const uint32x4_t backwards = vsubq_u32(vdupq_n_u32(6), vidupq_n_u32(0, 2));
	const int32_t *factors = (const int32_t *)(const void *)fft->rotations;
	int32_t *up = &z[2];
	int32_t *down = &z[fft->size - 8U];
	uint32x4_t bits = vdupq_n_u32(0);

	for (uint32_t i = 0; i < pairs; i += 4, up += 8, down -= 8, factors += 4) {
		const int32x4x2_t a = vld2q_s32(up);
		const int32x4_t b_re = vldrwq_gather_shifted_offset_s32(down, backwards);
		const int32x4_t b_im = vldrwq_gather_shifted_offset_s32(down + 1, backwards);
		const int32x4_t factor = vld1q_s32(factors);
		const int32x4_t low = vshlq_n_s32(factor, 16);
		const int32x4_t high = vandq_s32(factor, vdupq_n_s32((int32_t)0xffff0000));
		const int32x4_t even_re = vshrq_n_s32(vaddq_s32(a.val[0], b_re), 1);
		const int32x4_t even_im = vshrq_n_s32(vsubq_s32(a.val[1], b_im), 1);
		const int32x4_t odd_re = vaddq_s32(a.val[1], b_im);
		const int32x4_t odd_im = vsubq_s32(b_re, a.val[0]);
		const int32x4_t turned_re =
			vaddq_s32(vmulhq_s32(odd_re, low), vmulhq_s32(odd_im, high));
		const int32x4_t turned_im =
			vsubq_s32(vmulhq_s32(odd_im, low), vmulhq_s32(odd_re, high));
		const int32x4_t up_re = vaddq_s32(even_re, turned_re);
		const int32x4_t up_im = vaddq_s32(even_im, turned_im);
		const int32x4_t down_re = vsubq_s32(even_re, turned_re);
		const int32x4_t down_im = vsubq_s32(turned_im, even_im);

		bits = mlforge_spectrum_with(mlforge_spectrum_with(bits, up_re), up_im);
		bits = mlforge_spectrum_with(mlforge_spectrum_with(bits, down_re), down_im);
		mlforge_store_pairs(up, up_re, up_im);
		vstrwq_scatter_shifted_offset_s32(down, backwards, down_re);
		vstrwq_scatter_shifted_offset_s32(down + 1, backwards, down_im);
	}
	return mlforge_spectrum_or_of(bits);
}

void mlforge_powers_vectors(const int32_t *z, uint32_t bins, uint32_t shift, int32_t *out)
{
	for (uint32_t i = 0; i < bins; i += 4, z += 8, out += 4) {
		const int32x4x2_t bin = vld2q_s32(z);
		const int32x4_t re = vshlq_r_s32(bin.val[0], (int32_t)shift);
		const int32x4_t im = vshlq_r_s32(bin.val[1], (int32_t)shift);

		vst1q_s32(out, vaddq_s32(vrmulhq_s32(re, re), vrmulhq_s32(im, im)));
	}
}

/* Of one segment: the sum of its bins and of their shares. Without the last lanes where there are
 * fewer than four bins left. */
static inline __attribute__((always_inline)) void
mlforge_spectrum_add_segment(const int32_t *bins, const uint16_t *shares, uint32_t count,
			     uint64_t *all, uint64_t *rising)
{
	uint64_t sum = 0;
	uint64_t products = 0;

	__asm__("wlstp.32 lr, %[count], 2f\n"
		"1:\n\t"
		"vldrw.u32 q0, [%[bins]], #16\n\t"
		"vldrh.u32 q1, [%[shares]], #8\n\t"
		"vaddlva.u32 %Q[sum], %R[sum], q0\n\t"
		"vmlaldava.u32 %Q[products], %R[products], q0, q1\n\t"
		"letp lr, 1b\n"
		"2:"
		:
		[bins] "+r"(bins), [shares] "+l"(shares), [sum] "+r"(sum), [products] "+r"(products)
		: [count] "r"(count)
		: "lr", "q0", "q1", "memory");
	*all = sum;
	*rising = products;
}

uint64_t mlforge_bands_vectors(const struct mlforge_mel *mel, const int32_t *bins, uint64_t *sums)
{
	const uint16_t *shares = mel->shares;
	const uint16_t *counts = mel->counts;
	const uint64_t *const end = sums + mel->bands;
	uint64_t bits = 0;
	uint64_t all;
	uint64_t rising;

	bins += mel->first;
	mlforge_spectrum_add_segment(bins, shares, *counts, &all, &rising);
	while (sums != end) {
		const uint32_t before = *counts++;
		uint64_t falling;

		bins += before;
		shares += before;
		mlforge_spectrum_add_segment(bins, shares, *counts, &all, &falling);
		rising += (all << 16) - falling;
		*sums++ = rising;
		bits |= rising;
		rising = falling;
	}
	return bits;
}

#endif
