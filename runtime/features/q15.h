/* SPDX-License-Identifier: Apache-2.0
 *
 * 32-bit values times 16-bit factors, and the upper half of squares: one result on all cores, each
 * by its own cheapest instructions. A pair is a uint32_t that holds two int16, the lower half
 * first. Private to runtime/features.
 */
#ifndef MLFORGE_FEATURES_Q15_H_
#define MLFORGE_FEATURES_Q15_H_

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)

/* value * pair.low / 2^16, rounded down */
static inline int32_t mlforge_times_low(int32_t value, uint32_t pair)
{
	int32_t result;

	__asm__("smulwb %0, %1, %2" : "=r"(result) : "r"(value), "r"(pair));
	return result;
}

/* value * pair.high / 2^16, rounded down */
static inline int32_t mlforge_times_high(int32_t value, uint32_t pair)
{
	int32_t result;

	__asm__("smulwt %0, %1, %2" : "=r"(result) : "r"(value), "r"(pair));
	return result;
}

/* sum + value * pair.high / 2^16, the product rounded down; the sum fits */
static inline int32_t mlforge_add_times_high(int32_t sum, int32_t value, uint32_t pair)
{
	int32_t result;

	__asm__("smlawt %0, %1, %2, %3" : "=r"(result) : "r"(value), "r"(pair), "r"(sum));
	return result;
}

#else

#if defined(__ARM_ARCH) && __ARM_ARCH_ISA_THUMB == 1

/* Without a long multiplication: two products of 16 bits. */
static inline int32_t mlforge_times_q15(int32_t value, int32_t factor)
{
	const int32_t low = (int32_t)((uint32_t)value & 0xffffU);

	return (value >> 16) * factor + ((low * factor) >> 16);
}

#else

static inline int32_t mlforge_times_q15(int32_t value, int32_t factor)
{
	return (int32_t)(((int64_t)value * factor) >> 16);
}

#endif

static inline int32_t mlforge_times_low(int32_t value, uint32_t pair)
{
	return mlforge_times_q15(value, (int16_t)(pair & 0xffffU));
}

static inline int32_t mlforge_times_high(int32_t value, uint32_t pair)
{
	return mlforge_times_q15(value, (int16_t)(pair >> 16));
}

static inline int32_t mlforge_add_times_high(int32_t sum, int32_t value, uint32_t pair)
{
	return sum + mlforge_times_high(value, pair);
}

#endif

/* value^2 / 2^32, to nearest. */
static inline uint32_t mlforge_square_high(int32_t value)
{
#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)
	uint32_t result;

	__asm__("smmulr %0, %1, %1" : "=r"(result) : "r"(value));
	return result;
#elif defined(__ARM_ARCH) && __ARM_ARCH_ISA_THUMB == 1
	const uint32_t magnitude = value < 0 ? 0U - (uint32_t)value : (uint32_t)value;
	const uint32_t high = magnitude >> 16; /* at most 2^15 */
	const uint32_t low = magnitude & 0xffffU;
	/* The square less that of `high`, over 2^16: at most 2^32 - 2^16 + 2^16 - 2. */
	const uint32_t middle = 2U * high * low + ((low * low) >> 16);

	return high * high + (middle >> 16) + ((middle >> 15) & 1U);
#else
	return (uint32_t)(((int64_t)value * value + ((int64_t)1 << 31)) >> 32);
#endif
}

/* Zero bits in front of the highest bit set; 32 for 0. */
static inline uint32_t mlforge_leading_zeros(uint32_t value)
{
#if defined(__GNUC__) && !(defined(__ARM_ARCH) && __ARM_ARCH_ISA_THUMB == 1)
	return value == 0 ? 32U : (uint32_t)__builtin_clz(value);
#else
	uint32_t zeros = 32;

	for (uint32_t step = 16; step > 0; step >>= 1) {
		if (value >> step != 0) {
			value >>= step;
			zeros -= step;
		}
	}
	return zeros - value;
#endif
}

#endif /* MLFORGE_FEATURES_Q15_H_ */
