/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of spectral stages in MVE's vectors (Cortex-M55), each with the integers of the
 * scalar code beside which it stands: what it leaves, or all of it on other cores, the scalar loop
 * does. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_VECTORS_H_
#define MLFORGE_FEATURES_VECTORS_H_

#include "mlforge/pipeline.h"

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)

#define MLFORGE_VECTORS 1

#include <arm_mve.h>

/* Four pairs. In assembly: GCC 12 takes pairs of registers through the stack. */
static inline __attribute__((always_inline)) void mlforge_store_pairs(int32_t *to, int32x4_t first,
								      int32x4_t second)
{
	register int32x4_t even __asm__("q6") = first;
	register int32x4_t odd __asm__("q7") = second;

	__asm__ volatile("vst20.32 {q6, q7}, [%0]\n\tvst21.32 {q6, q7}, [%0]"
			 :
			 : "r"(to), "w"(even), "w"(odd)
			 : "memory");
}

/* The lower `bits` of a number in reverse order. */
static inline uint32_t mlforge_reversed(uint32_t number, uint32_t bits)
{
	uint32_t reversed;

	__asm__("rbit %0, %1" : "=r"(reversed) : "r"(number));
	return reversed >> (32U - bits);
}

/* log2 of the number of pairs. */
static inline uint32_t mlforge_pair_bits(const struct mlforge_fft *fft)
{
	return 30U - (uint32_t)__builtin_clz(fft->size);
}

/* The sum of values[i] * factors[i], exact in 64 bits. */
static inline int64_t mlforge_dot_vectors(const int32_t *values, const int16_t *factors,
					  uint32_t count)
{
	int64_t sum = 0;

	__asm__("wlstp.32 lr, %[count], 2f\n"
		"1:\n\t"
		"vldrw.u32 q0, [%[values]], #16\n\t"
		"vldrh.s32 q1, [%[factors]], #8\n\t"
		"vmlaldava.s32 %Q[sum], %R[sum], q0, q1\n\t"
		"letp lr, 1b\n"
		"2:"
		: [values] "+r"(values), [factors] "+l"(factors), [sum] "+r"(sum)
		: [count] "r"(count)
		: "lr", "q0", "q1", "memory");
	return sum;
}

/* Pairs `from` to `to` of int16 samples; see load in fft_load.c. Returns the first pair that is
 * left. */
uint32_t mlforge_load_vectors(const struct mlforge_fft *fft, const int16_t *input, int32_t *z,
			      uint32_t from, uint32_t to, const uint16_t *weights,
			      int32_t direction);

/* Zeros in pairs from `from` on, four at a time. Returns how many. */
uint32_t mlforge_clear_vectors(const struct mlforge_fft *fft, int32_t *z, uint32_t from);

/* The first pass of radix 4 and of radix 2; see fft_passes.c. */
void mlforge_first_of_four_vectors(int32_t *z, uint32_t points);
void mlforge_first_of_two_vectors(int32_t *z, uint32_t points);

/* A pass whose span is a multiple of four. */
void mlforge_pass_vectors(int32_t *z, uint32_t points, uint32_t span, const uint32_t *factors);

/* Pairs of bins 1 to `pairs`, a multiple of four; see fft_split.c. Returns the or of magnitudes. */
uint32_t mlforge_split_vectors(const struct mlforge_fft *fft, int32_t *z, uint32_t pairs);

/* Sums of one channel; see add_bands in mel.c. */
uint64_t mlforge_bands_vectors(const struct mlforge_mel *mel, const int32_t *bins, uint64_t *sums);

/* Powers of `bins` bins, a multiple of four. */
void mlforge_powers_vectors(const int32_t *z, uint32_t bins, uint32_t shift, int32_t *out);

#else

#define MLFORGE_VECTORS 0

#endif

#endif /* MLFORGE_FEATURES_VECTORS_H_ */
