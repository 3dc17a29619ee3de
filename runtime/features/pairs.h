/* SPDX-License-Identifier: Apache-2.0
 *
 * Complex numbers of two int16 in a word, the real part in the lower half: one result on all cores,
 * on those with DSP instructions by these. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_PAIRS_H_
#define MLFORGE_FEATURES_PAIRS_H_

#include <stdint.h>

/* A call costs more than what it does: compilers would make some where they build for size. */
#if defined(__GNUC__)
#define MLFORGE_PAIR_INLINE inline __attribute__((always_inline))
#else
#define MLFORGE_PAIR_INLINE inline
#endif

static MLFORGE_PAIR_INLINE int32_t mlforge_pair_low(uint32_t pair)
{
	return (int16_t)(pair & 0xffffU);
}

static MLFORGE_PAIR_INLINE int32_t mlforge_pair_high(uint32_t pair)
{
	return (int32_t)pair >> 16;
}

static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_of(int32_t low, int32_t high)
{
	return ((uint32_t)low & 0xffffU) | (uint32_t)high << 16;
}

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)

#define MLFORGE_PAIR_OPERATION(name, instruction)                                                  \
	static MLFORGE_PAIR_INLINE uint32_t name(uint32_t a, uint32_t b)                           \
	{                                                                                          \
		uint32_t result;                                                                   \
                                                                                                   \
		__asm__(instruction " %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));                \
		return result;                                                                     \
	}

MLFORGE_PAIR_OPERATION(mlforge_pair_half_sum, "shadd16")
MLFORGE_PAIR_OPERATION(mlforge_pair_half_difference, "shsub16")
MLFORGE_PAIR_OPERATION(mlforge_pair_half_plus_i, "shasx")
MLFORGE_PAIR_OPERATION(mlforge_pair_half_minus_i, "shsax")
MLFORGE_PAIR_OPERATION(mlforge_pair_plus_i, "sasx")
MLFORGE_PAIR_OPERATION(mlforge_pair_minus_i, "ssax")

static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_rotated(uint32_t a, uint32_t factor)
{
	int32_t re;
	int32_t im;
	uint32_t result;

	__asm__("smlad %0, %1, %2, %3" : "=r"(re) : "r"(a), "r"(factor), "r"(1 << 14));
	__asm__("smlsdx %0, %1, %2, %3" : "=r"(im) : "r"(factor), "r"(a), "r"(1 << 14));
	im = (int32_t)((uint32_t)im << 1);
	__asm__("pkhtb %0, %1, %2, asr #15" : "=r"(result) : "r"(im), "r"(re));
	return result;
}

static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_power(uint32_t a)
{
	uint32_t result;

	__asm__("smuad %0, %1, %1" : "=r"(result) : "r"(a));
	return result;
}

#else

/* (a + b) / 2, rounded down; so are all halves here. */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_half_sum(uint32_t a, uint32_t b)
{
	return mlforge_pair_of((mlforge_pair_low(a) + mlforge_pair_low(b)) >> 1,
			       (mlforge_pair_high(a) + mlforge_pair_high(b)) >> 1);
}

/* (a - b) / 2 */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_half_difference(uint32_t a, uint32_t b)
{
	return mlforge_pair_of((mlforge_pair_low(a) - mlforge_pair_low(b)) >> 1,
			       (mlforge_pair_high(a) - mlforge_pair_high(b)) >> 1);
}

/* (a + i b) / 2 */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_half_plus_i(uint32_t a, uint32_t b)
{
	return mlforge_pair_of((mlforge_pair_low(a) - mlforge_pair_high(b)) >> 1,
			       (mlforge_pair_high(a) + mlforge_pair_low(b)) >> 1);
}

/* (a - i b) / 2 */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_half_minus_i(uint32_t a, uint32_t b)
{
	return mlforge_pair_of((mlforge_pair_low(a) + mlforge_pair_high(b)) >> 1,
			       (mlforge_pair_high(a) - mlforge_pair_low(b)) >> 1);
}

/* a + i b; its parts fit. */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_plus_i(uint32_t a, uint32_t b)
{
	return mlforge_pair_of(mlforge_pair_low(a) - mlforge_pair_high(b),
			       mlforge_pair_high(a) + mlforge_pair_low(b));
}

/* a - i b; its parts fit. */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_minus_i(uint32_t a, uint32_t b)
{
	return mlforge_pair_of(mlforge_pair_low(a) + mlforge_pair_high(b),
			       mlforge_pair_high(a) - mlforge_pair_low(b));
}

/* a * (low - i high) / 2 of a factor of Q14, each part to nearest. */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_rotated(uint32_t a, uint32_t factor)
{
	const int32_t re = mlforge_pair_low(a);
	const int32_t im = mlforge_pair_high(a);
	const int32_t low = mlforge_pair_low(factor);
	const int32_t high = mlforge_pair_high(factor);

	return mlforge_pair_of((re * low + im * high + (1 << 14)) >> 15,
			       (im * low - re * high + (1 << 14)) >> 15);
}

/* |a|^2, below 2^31 */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_power(uint32_t a)
{
	const int32_t re = mlforge_pair_low(a);
	const int32_t im = mlforge_pair_high(a);

	return (uint32_t)(re * re) + (uint32_t)(im * im);
}

#endif

/* What leaves the highest bit of each part unlike its sign where the part is: or-ed together, the
 * significant bits of all of them; see mlforge_significant_bits. */
static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_unlike(uint32_t a)
{
	return a ^ a << 1;
}

/* A left shift of both parts, which fit. */
struct mlforge_pair_shift {
	uint32_t keep; /* without the signs that would run from one part into the other */
	uint32_t left;
};

static inline struct mlforge_pair_shift mlforge_pair_shift_by(uint32_t left)
{
	return (struct mlforge_pair_shift){~(((1U << left) - 1U) << (16U - left)), left};
}

static MLFORGE_PAIR_INLINE uint32_t mlforge_pair_shifted(uint32_t a, struct mlforge_pair_shift by)
{
	return (a & by.keep) << by.left;
}

#endif /* MLFORGE_FEATURES_PAIRS_H_ */
