/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops: sums of products of int8, for each core as fast as it goes, with the same
 * results on all (modulo 2^32). Private to runtime/kernels. A new core gets its branch here;
 * kernels do not know which one runs.
 */
#ifndef MLFORGE_KERNELS_DOT_H_
#define MLFORGE_KERNELS_DOT_H_

#include <stdint.h>

#include "arithmetic.h"

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP

#include <arm_acle.h>
#include <string.h>

/* Four int8 as two pairs of int16: elements 0 and 2, and elements 1 and 3. */
struct mlforge_pairs {
	int16x2_t even;
	int16x2_t odd;
};

static inline struct mlforge_pairs mlforge_load_pairs(const int8_t *from)
{
	struct mlforge_pairs pairs;
	int8x4_t four;

	memcpy(&four, from, sizeof(four)); /* one load, at any alignment */
	pairs.even = __sxtb16(four);
	__asm__("sxtb16 %0, %1, ror #8" : "=r"(pairs.odd) : "r"(four));
	return pairs;
}

static inline int32_t mlforge_multiply_pairs(struct mlforge_pairs a, struct mlforge_pairs b,
					     int32_t sum)
{
	return __smlad(a.odd, b.odd, __smlad(a.even, b.even, sum));
}

#endif

/* sums[i][j] += the sum over k < size of x_i[k] * w_j[k] */
static inline void mlforge_dot_2x2(const int8_t *x0, const int8_t *x1, const int8_t *w0,
				   const int8_t *w1, int32_t size, int32_t sums[2][2])
{
	int32_t s00 = sums[0][0], s01 = sums[0][1], s10 = sums[1][0], s11 = sums[1][1];
	const int8_t *const end = x0 + size;

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
	const int8_t *const whole = x0 + (size & ~3);

	while (x0 != whole) {
		const struct mlforge_pairs a = mlforge_load_pairs(x0);
		const struct mlforge_pairs b = mlforge_load_pairs(x1);
		struct mlforge_pairs w = mlforge_load_pairs(w0);

		s00 = mlforge_multiply_pairs(a, w, s00);
		s10 = mlforge_multiply_pairs(b, w, s10);
		w = mlforge_load_pairs(w1);
		s01 = mlforge_multiply_pairs(a, w, s01);
		s11 = mlforge_multiply_pairs(b, w, s11);
		x0 += 4;
		x1 += 4;
		w0 += 4;
		w1 += 4;
	}
#else
#pragma GCC unroll 4
#endif
	while (x0 != end) {
		const int32_t a = *x0++, b = *x1++, c = *w0++, d = *w1++;

		s00 = mlforge_accumulate(s00, a, c);
		s01 = mlforge_accumulate(s01, a, d);
		s10 = mlforge_accumulate(s10, b, c);
		s11 = mlforge_accumulate(s11, b, d);
	}
	sums[0][0] = s00;
	sums[0][1] = s01;
	sums[1][0] = s10;
	sums[1][1] = s11;
}

/* sums[j] += the sum over k < size of x[k] * w[j * size + k] */
static inline void mlforge_dot_1x4(const int8_t *x, const int8_t *w, int32_t size, int32_t sums[4])
{
	int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
	const int8_t *const end = x + size;
	const int8_t *w1 = w + size;
	const int8_t *w2 = w1 + size;
	const int8_t *w3 = w2 + size;

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
	const int8_t *const whole = x + (size & ~3);

	while (x != whole) {
		const struct mlforge_pairs a = mlforge_load_pairs(x);

		s0 = mlforge_multiply_pairs(a, mlforge_load_pairs(w), s0);
		s1 = mlforge_multiply_pairs(a, mlforge_load_pairs(w1), s1);
		s2 = mlforge_multiply_pairs(a, mlforge_load_pairs(w2), s2);
		s3 = mlforge_multiply_pairs(a, mlforge_load_pairs(w3), s3);
		x += 4;
		w += 4;
		w1 += 4;
		w2 += 4;
		w3 += 4;
	}
#else
#pragma GCC unroll 4
#endif
	while (x != end) {
		const int32_t a = *x++;

		s0 = mlforge_accumulate(s0, a, *w++);
		s1 = mlforge_accumulate(s1, a, *w1++);
		s2 = mlforge_accumulate(s2, a, *w2++);
		s3 = mlforge_accumulate(s3, a, *w3++);
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

/* sum + the sum over k < size of x[k] * w[k] */
static inline int32_t mlforge_dot_1x1(const int8_t *x, const int8_t *w, int32_t size, int32_t sum)
{
	const int8_t *const end = x + size;

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
	const int8_t *const whole = x + (size & ~3);

	while (x != whole) {
		sum = mlforge_multiply_pairs(mlforge_load_pairs(x), mlforge_load_pairs(w), sum);
		x += 4;
		w += 4;
	}
#else
#pragma GCC unroll 4
#endif
	while (x != end) {
		sum = mlforge_accumulate(sum, *x++, *w++);
	}
	return sum;
}

/* sums[j] += the sum over k < size of x[taps[k] + j] * w[k * stride + j] */
static inline void mlforge_dot_taps_4(const int8_t *x, const int32_t *taps, const int8_t *w,
				      int32_t stride, int32_t size, int32_t sums[4])
{
	int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
	const int32_t *const end = taps + size;

	while (taps != end) {
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
		const struct mlforge_pairs a = mlforge_load_pairs(x + *taps++);
		const struct mlforge_pairs b = mlforge_load_pairs(w);

		s0 = __smlabb(a.even, b.even, s0);
		s1 = __smlabb(a.odd, b.odd, s1);
		s2 = __smlatt(a.even, b.even, s2);
		s3 = __smlatt(a.odd, b.odd, s3);
#else
		const int8_t *a = x + *taps++;

		s0 = mlforge_accumulate(s0, a[0], w[0]);
		s1 = mlforge_accumulate(s1, a[1], w[1]);
		s2 = mlforge_accumulate(s2, a[2], w[2]);
		s3 = mlforge_accumulate(s3, a[3], w[3]);
#endif
		w += stride;
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

#endif /* MLFORGE_KERNELS_DOT_H_ */
