/* SPDX-License-Identifier: Apache-2.0
 *
 * The Fourier transform of 16 bits in MVE's vectors: four complex numbers at once.
 */
#include "features/fft16_vectors.h"

#if MLFORGE_VECTORS

static inline int16x8_t mlforge_fft16_pairs(uint32x4_t words)
{
	return vreinterpretq_s16_u32(words);
}

static inline uint32x4_t mlforge_fft16_words(int16x8_t pairs)
{
	return vreinterpretq_u32_s16(pairs);
}

/* Of the fewest bits that repeat a sign. */
static inline uint32_t mlforge_fft16_bits_of(int16x8_t spare)
{
	return 15U - (uint32_t)vminvq_s16(15, spare);
}

uint32_t mlforge_fft16_scan_vectors(const int16_t *samples, uint32_t count)
{
	int16x8_t spare = vdupq_n_s16(15);
	uint32_t left = count;

	for (; left >= 8; left -= 8, samples += 8) {
		spare = vminq_s16(spare, vclsq_s16(vld1q_s16(samples)));
	}
	if (left > 0) {
		const int16x8_t last = vld1q_z_s16(samples, vctp16q(left)); /* zeros in the rest */

		spare = vminq_s16(spare, vclsq_s16(last));
	}
	return mlforge_fft16_bits_of(spare);
}

/* value * weight / 2^right is value * 2^(15 - right) times the weight of Q15, rounded once. */
uint32_t mlforge_fft16_taper_vectors(const int16_t *input, uint32_t *z, uint32_t from, uint32_t to,
				     const uint16_t *weights, int32_t direction, uint32_t right,
				     uint32_t *bits)
{
	int16x8_t spare = vdupq_n_s16(15);
	const int32_t left = 15 - (int32_t)right;
	const int16_t *at = (const int16_t *)weights;
	uint16x8_t order = vidupq_n_u16(0, 1);

	if (direction < 0) {
		order = vsubq_u16(vdupq_n_u16(7), order);
		at -= 7;
	}
	for (; from + 4U <= to; from += 4U) {
		const int16x8_t value = vshlq_r_s16(vld1q_s16(&input[2U * from]), left);
		const int16x8_t weight = vldrhq_gather_shifted_offset_s16(at, order);

		const int16x8_t tapered = vqrdmulhq_s16(value, weight);

		vst1q_u32(&z[from], mlforge_fft16_words(tapered));
		spare = vminq_s16(spare, vclsq_s16(tapered));
		at += 8 * direction;
	}
	*bits = 1U << mlforge_fft16_bits_of(spare);
	return from;
}

void mlforge_fft16_reverse_vectors(uint32_t *z, uint32_t points)
{
	const int32_t bits = 31 - __builtin_clz(points);
	uint32x4_t from = vidupq_n_u32(0, 1);

	for (uint32_t i = 0; i < points; i += 4) {
		const uint32x4_t to = vbrsrq_n_u32(from, bits);
		const mve_pred16_t first = vcmphiq_u32(to, from);
		const uint32x4_t here = vldrwq_z_u32(&z[i], first);
		const uint32x4_t there = vldrwq_gather_shifted_offset_z_u32(z, to, first);

		vstrwq_scatter_shifted_offset_p_u32(z, to, here, first);
		vstrwq_p_u32(&z[i], there, first);
		from = vaddq_n_u32(from, 4);
	}
}

struct mlforge_fft16_four {
	int16x8_t of[4];
};

/* A quarter of the transform of four values, and fewest spare bits with those so far. */
static inline __attribute__((always_inline)) int16x8_t
mlforge_fft16_butterflies(int16x8_t z0, int16x8_t z2, int16x8_t z1, int16x8_t z3, int16x8_t spare,
			  struct mlforge_fft16_four *made)
{
	const int16x8_t even = vhaddq_s16(z0, z2);
	const int16x8_t even_difference = vhsubq_s16(z0, z2);
	const int16x8_t odd = vhaddq_s16(z1, z3);
	const int16x8_t odd_difference = vhsubq_s16(z1, z3);

	made->of[0] = vhaddq_s16(even, odd);
	made->of[2] = vhsubq_s16(even, odd);
	made->of[1] = vhcaddq_rot270_s16(even_difference, odd_difference);
	made->of[3] = vhcaddq_rot90_s16(even_difference, odd_difference);
	spare = vminq_s16(spare, vclsq_s16(made->of[0]));
	spare = vminq_s16(spare, vclsq_s16(made->of[1]));
	spare = vminq_s16(spare, vclsq_s16(made->of[2]));
	return vminq_s16(spare, vclsq_s16(made->of[3]));
}

/* A left shift, and half of it. */
static inline __attribute__((always_inline)) int16x8_t mlforge_fft16_half(uint32x4_t words,
									  int32_t left, int16_t add)
{
	return vhaddq_n_s16(vshlq_r_s16(mlforge_fft16_pairs(words), left), add);
}

uint32_t mlforge_fft16_first_of_four_vectors(uint32_t *z, uint32_t points, uint32_t left)
{
	const uint32x4_t every = vidupq_n_u32(0, 4);
	const int32_t shift = (int32_t)left;
	int16x8_t spare = vdupq_n_s16(15);

	for (const uint32_t *end = z + points; z != end; z += 16) {
		struct mlforge_fft16_four made;

		spare = mlforge_fft16_butterflies(
			mlforge_fft16_half(vldrwq_gather_shifted_offset_u32(z, every), shift, 4),
			mlforge_fft16_half(vldrwq_gather_shifted_offset_u32(z + 1, every), shift,
					   1),
			mlforge_fft16_half(vldrwq_gather_shifted_offset_u32(z + 2, every), shift,
					   1),
			mlforge_fft16_half(vldrwq_gather_shifted_offset_u32(z + 3, every), shift,
					   1),
			spare, &made);
		vstrwq_scatter_shifted_offset_u32(z, every, mlforge_fft16_words(made.of[0]));
		vstrwq_scatter_shifted_offset_u32(z + 1, every, mlforge_fft16_words(made.of[1]));
		vstrwq_scatter_shifted_offset_u32(z + 2, every, mlforge_fft16_words(made.of[2]));
		vstrwq_scatter_shifted_offset_u32(z + 3, every, mlforge_fft16_words(made.of[3]));
	}
	return mlforge_fft16_bits_of(spare);
}

/* a * (low - i high) / 2 of factors of Q14: doubled in Q15, as VQRDMLADH has it. */
static inline __attribute__((always_inline)) int16x8_t mlforge_fft16_rotated(int16x8_t a,
									     int16x8_t factors)
{
	return vqrdmlsdhxq_s16(vqrdmladhq_s16(a, a, factors), a, factors);
}

static inline __attribute__((always_inline)) int16x8_t mlforge_fft16_leg(const uint32_t *z,
									 const uint32_t *factors,
									 uint32x4_t steps,
									 int32_t left)
{
	return mlforge_fft16_rotated(
		vshlq_r_s16(mlforge_fft16_pairs(vld1q_u32(z)), left),
		mlforge_fft16_pairs(vldrwq_gather_shifted_offset_u32(factors, steps)));
}

uint32_t mlforge_fft16_pass_vectors(const struct mlforge_fft16 *fft, uint32_t *z, uint32_t span,
				    uint32_t left)
{
	const uint32_t points = fft->size / 2U;
	const uint32_t step = points / (4U * span);
	const uint32x4_t steps = vmulq_n_u32(vidupq_n_u32(0, 2), step);
	const int32_t shift = (int32_t)left;
	int16x8_t spare = vdupq_n_s16(15);

	for (uint32_t base = 0; base < points; base += 4U * span) {
		const uint32_t *single = fft->rotations;
		const uint32_t *others = fft->factors;
		uint32_t *at = &z[base];

		for (uint32_t i = 0; i < span; i += 4, at += 4) {
			struct mlforge_fft16_four made;

			spare = mlforge_fft16_butterflies(
				mlforge_fft16_half(vld1q_u32(at), shift, 4),
				mlforge_fft16_leg(at + span, others, steps, shift),
				mlforge_fft16_leg(at + 2U * span, single, steps, shift),
				mlforge_fft16_leg(at + 3U * span, others + 1, steps, shift), spare,
				&made);
			vst1q_u32(at, mlforge_fft16_words(made.of[0]));
			vst1q_u32(at + span, mlforge_fft16_words(made.of[1]));
			vst1q_u32(at + 2U * span, mlforge_fft16_words(made.of[2]));
			vst1q_u32(at + 3U * span, mlforge_fft16_words(made.of[3]));
			single += 8U * step;
			others += 8U * step;
		}
	}
	return mlforge_fft16_bits_of(spare);
}

static inline __attribute__((always_inline)) uint32x4_t mlforge_fft16_power(int16x8_t a)
{
	return vreinterpretq_u32_s32(vaddq_s32(vmullbq_int_s16(a, a), vmulltq_int_s16(a, a)));
}

void mlforge_fft16_powers_vectors(const struct mlforge_fft16 *fft, const uint32_t *z,
				  uint32_t pairs, uint32_t left, uint32_t *out)
{
	const uint32x4_t backwards = vsubq_u32(vdupq_n_u32(3), vidupq_n_u32(0, 1));
	const int16x8_t conjugate = mlforge_fft16_pairs(vdupq_n_u32(0xffff0001U)); /* 1, -1 */
	const int32_t shift = (int32_t)left;
	const uint32_t half = fft->size / 2U;

	for (uint32_t k = 1; k <= pairs; k += 4) {
		const uint32_t opposite = half - k - 3U;
		const int16x8_t a = vshlq_r_s16(mlforge_fft16_pairs(vld1q_u32(&z[k])), shift);
		const int16x8_t b =
			vshlq_r_s16(mlforge_fft16_pairs(vldrwq_gather_shifted_offset_u32(
					    &z[opposite], backwards)),
				    shift);
		const int16x8_t factors = mlforge_fft16_pairs(vld1q_u32(&fft->rotations[k]));
		/* b's imaginary parts may be -2^15, whose negative has no int16: sum and difference
		 * change places in those lanes. */
		const int16x8_t sums = vhaddq_s16(a, b);
		const int16x8_t differences = vhsubq_s16(a, b);
		const mve_pred16_t real = vcmpgtq_n_s16(conjugate, 0);
		const int16x8_t even = vshrq_n_s16(vpselq_s16(sums, differences, real), 1);
		const int16x8_t turned =
			mlforge_fft16_rotated(vpselq_s16(differences, sums, real), factors);

		vst1q_u32(&out[k], mlforge_fft16_power(vcaddq_rot270_s16(even, turned)));
		vstrwq_scatter_shifted_offset_u32(
			&out[opposite], backwards,
			mlforge_fft16_power(vcaddq_rot90_s16(even, turned)));
	}
}

#endif
