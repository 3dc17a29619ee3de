/* SPDX-License-Identifier: Apache-2.0
 *
 * The passes of the Fourier transform in MVE's vectors: four butterflies at once. VMULH of a value
 * and of a factor in the upper half is the scalar code's product, rounded down.
 */
#include "features/vectors.h"

#if MLFORGE_VECTORS

struct mlforge_fft_lanes {
	int32x4_t re;
	int32x4_t im;
};

static inline __attribute__((always_inline)) struct mlforge_fft_lanes
mlforge_fft_vectors_plus(struct mlforge_fft_lanes a, struct mlforge_fft_lanes b)
{
	return (struct mlforge_fft_lanes){vaddq_s32(a.re, b.re), vaddq_s32(a.im, b.im)};
}

static inline __attribute__((always_inline)) struct mlforge_fft_lanes
mlforge_fft_vectors_minus(struct mlforge_fft_lanes a, struct mlforge_fft_lanes b)
{
	return (struct mlforge_fft_lanes){vsubq_s32(a.re, b.re), vsubq_s32(a.im, b.im)};
}

static inline __attribute__((always_inline)) struct mlforge_fft_lanes
mlforge_fft_vectors_load(const int32_t *z)
{
	const int32x4x2_t both = vld2q_s32(z);

	return (struct mlforge_fft_lanes){both.val[0], both.val[1]};
}

static inline __attribute__((always_inline)) void mlforge_fft_store(int32_t *z,
								    struct mlforge_fft_lanes a)
{
	mlforge_store_pairs(z, a.re, a.im);
}

static inline __attribute__((always_inline)) struct mlforge_fft_lanes
mlforge_fft_vectors_half(struct mlforge_fft_lanes a)
{
	return (struct mlforge_fft_lanes){vshrq_n_s32(a.re, 1), vshrq_n_s32(a.im, 1)};
}

/* a * (low - i * high) / 2 for four factors; for the lanes in `exact`, where there are some, a / 2
 */
static inline __attribute__((always_inline)) struct mlforge_fft_lanes
mlforge_fft_vectors_rotated(struct mlforge_fft_lanes a, int32x4_t factors, bool some,
			    mve_pred16_t exact)
{
	const int32x4_t low = vshlq_n_s32(factors, 16);
	const int32x4_t high = vandq_s32(factors, vdupq_n_s32((int32_t)0xffff0000));
	const int32x4_t re = vaddq_s32(vmulhq_s32(a.re, low), vmulhq_s32(a.im, high));
	const int32x4_t im = vsubq_s32(vmulhq_s32(a.im, low), vmulhq_s32(a.re, high));

	if (!some) {
		return (struct mlforge_fft_lanes){re, im};
	}
	return (struct mlforge_fft_lanes){vpselq_s32(vshrq_n_s32(a.re, 1), re, exact),
					  vpselq_s32(vshrq_n_s32(a.im, 1), im, exact)};
}

/* The eight vector registers hold no more: what comes behind is computed behind. */
static inline void mlforge_fft_fence(void)
{
	__asm__ volatile("" : : : "memory");
}

/* Four butterflies, `span` complex numbers from one leg to the next. The sum and the difference of
 * the last two legs wait in their places. */
static inline __attribute__((always_inline)) void
mlforge_fft_butterflies(int32_t *z, uint32_t span, const uint32_t *factors, uint32x4_t steps,
			bool some, mve_pred16_t exact)
{
	int32_t *const z1 = &z[2U * span];
	int32_t *const z2 = &z[4U * span];
	int32_t *const z3 = &z[6U * span];
	const int32_t *const words = (const int32_t *)(const void *)factors;
	const struct mlforge_fft_lanes c = mlforge_fft_vectors_rotated(
		mlforge_fft_vectors_load(z2), vldrwq_gather_shifted_offset_s32(words, steps), some,
		exact);
	const struct mlforge_fft_lanes d = mlforge_fft_vectors_rotated(
		mlforge_fft_vectors_load(z3), vldrwq_gather_shifted_offset_s32(words + 2, steps),
		some, exact);

	vst1q_s32(z2, vaddq_s32(c.re, d.re));
	vst1q_s32(z2 + 4, vaddq_s32(c.im, d.im));
	vst1q_s32(z3, vsubq_s32(c.re, d.re));
	vst1q_s32(z3 + 4, vsubq_s32(c.im, d.im));
	mlforge_fft_fence();
	const struct mlforge_fft_lanes b = mlforge_fft_vectors_rotated(
		mlforge_fft_vectors_load(z1), vldrwq_gather_shifted_offset_s32(words + 1, steps),
		some, exact);
	const struct mlforge_fft_lanes a = mlforge_fft_vectors_half(mlforge_fft_vectors_load(z));
	const struct mlforge_fft_lanes even = mlforge_fft_vectors_plus(a, b);
	const struct mlforge_fft_lanes even_difference = mlforge_fft_vectors_minus(a, b);
	const struct mlforge_fft_lanes odd = {vld1q_s32(z2), vld1q_s32(z2 + 4)};

	mlforge_fft_store(z, mlforge_fft_vectors_plus(even, odd));
	mlforge_fft_store(z2, mlforge_fft_vectors_minus(even, odd));
	mlforge_fft_fence();
	const struct mlforge_fft_lanes odd_difference = {vld1q_s32(z3), vld1q_s32(z3 + 4)};

	mlforge_fft_store(
		z1, (struct mlforge_fft_lanes){vaddq_s32(even_difference.re, odd_difference.im),
					       vsubq_s32(even_difference.im, odd_difference.re)});
	mlforge_fft_store(
		z3, (struct mlforge_fft_lanes){vsubq_s32(even_difference.re, odd_difference.im),
					       vaddq_s32(even_difference.im, odd_difference.re)});
}

void mlforge_pass_vectors(int32_t *z, uint32_t points, uint32_t span, const uint32_t *factors)
{
	const uint32_t step = 3U * (points / (4U * span));
	const uint32x4_t steps = vmulq_n_u32(vidupq_n_u32(0, 1), step);
	uint32_t first = 0x000f; /* lane 0, whose factor is 1 */

	__asm__("" : "+r"(first)); /* GCC 12 confuses predicates that are constants */
	for (uint32_t base = 0; base < points; base += 4U * span) {
		const uint32_t *from = factors;
		int32_t *at = &z[2U * base];

		mlforge_fft_butterflies(at, span, from, steps, true, (mve_pred16_t)first);
		for (uint32_t i = 4; i < span; i += 4) {
			at += 8;
			from += 4U * step;
			mlforge_fft_butterflies(at, span, from, steps, false, 0);
		}
	}
}

void mlforge_first_of_two_vectors(int32_t *z, uint32_t points)
{
	for (const int32_t *end = z + 2U * points; z != end; z += 16) {
		const int32x4x4_t two = vld4q_s32(z);
		const int32x4x4_t made = {{
			vaddq_s32(two.val[0], two.val[2]),
			vaddq_s32(two.val[1], two.val[3]),
			vsubq_s32(two.val[0], two.val[2]),
			vsubq_s32(two.val[1], two.val[3]),
		}};

		vst4q_s32(z, made);
	}
}

static inline __attribute__((always_inline)) struct mlforge_fft_lanes
mlforge_fft_gather(const int32_t *z, uint32x4_t offsets)
{
	return (struct mlforge_fft_lanes){vldrwq_gather_shifted_offset_s32(z, offsets),
					  vldrwq_gather_shifted_offset_s32(z + 1, offsets)};
}

static inline void mlforge_fft_scatter(int32_t *z, uint32x4_t offsets, struct mlforge_fft_lanes a)
{
	vstrwq_scatter_shifted_offset_s32(z, offsets, a.re);
	vstrwq_scatter_shifted_offset_s32(z + 1, offsets, a.im);
}

void mlforge_first_of_four_vectors(int32_t *z, uint32_t points)
{
	const uint32x4_t offsets = vidupq_n_u32(0, 8);

	for (const int32_t *end = z + 2U * points; z != end; z += 32) {
		const struct mlforge_fft_lanes z0 = mlforge_fft_gather(z, offsets);
		const struct mlforge_fft_lanes z2 = mlforge_fft_gather(z + 2, offsets);
		const struct mlforge_fft_lanes even = mlforge_fft_vectors_plus(z0, z2);
		const struct mlforge_fft_lanes even_difference = mlforge_fft_vectors_minus(z0, z2);
		const struct mlforge_fft_lanes z1 = mlforge_fft_gather(z + 4, offsets);
		const struct mlforge_fft_lanes z3 = mlforge_fft_gather(z + 6, offsets);
		const struct mlforge_fft_lanes odd = mlforge_fft_vectors_plus(z1, z3);
		const struct mlforge_fft_lanes odd_difference = mlforge_fft_vectors_minus(z1, z3);

		mlforge_fft_scatter(z, offsets, mlforge_fft_vectors_plus(even, odd));
		mlforge_fft_scatter(z + 4, offsets, mlforge_fft_vectors_minus(even, odd));
		mlforge_fft_scatter(z + 2, offsets,
				    (struct mlforge_fft_lanes){
					    vaddq_s32(even_difference.re, odd_difference.im),
					    vsubq_s32(even_difference.im, odd_difference.re)});
		mlforge_fft_scatter(z + 6, offsets,
				    (struct mlforge_fft_lanes){
					    vsubq_s32(even_difference.re, odd_difference.im),
					    vaddq_s32(even_difference.im, odd_difference.re)});
	}
}

#endif
