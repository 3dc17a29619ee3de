/* SPDX-License-Identifier: Apache-2.0
 *
 * The instructions of Arm's DSP extension (Cortex-M4, M7, M33, M55) as functions, each with the
 * same arithmetic in plain C for every other core: kernels for DSP run anywhere, and under the
 * host's sanitisers. Private to runtime/kernels. Nothing here knows of operators.
 *
 * A pair is a uint32_t that holds two int16: the lower half first.
 */
#ifndef MLFORGE_KERNELS_DSP_H_
#define MLFORGE_KERNELS_DSP_H_

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && defined(__GNUC__)
#define MLFORGE_DSP 1
/* A function that is all assembly: nobody may draw conclusions from what the compiler sees of it.
 * Aligned for ADR. */
#if defined(__clang__)
#define MLFORGE_ASSEMBLY __attribute__((naked, noinline, aligned(4)))
#else
#define MLFORGE_ASSEMBLY __attribute__((naked, noipa, aligned(4)))
#endif
#define MLFORGE_IN_ARGUMENT __attribute__((unused))
#else
#define MLFORGE_DSP 0
#endif

/* Four bytes from any address. */
static inline uint32_t mlforge_load_word(const int8_t *from)
{
	uint32_t word;

	memcpy(&word, from, sizeof(word));
	return word;
}

/* Two bytes to any address. */
static inline void mlforge_store_half(int8_t *to, int32_t value)
{
	const int16_t half = (int16_t)value;

	memcpy(to, &half, sizeof(half));
}

#if MLFORGE_DSP

/* Two words to a 4-byte aligned address; returns what is behind them. */
static inline int8_t *mlforge_store_words(int8_t *to, uint32_t first, uint32_t second)
{
	__asm__ volatile("strd %1, %2, [%0], #8" : "+r"(to) : "r"(first), "r"(second) : "memory");
	return to;
}

/* Bytes 0 and 2, sign-extended, as a pair. */
static inline uint32_t mlforge_even_bytes(uint32_t word)
{
	uint32_t pair;

	__asm__("sxtb16 %0, %1" : "=r"(pair) : "r"(word));
	return pair;
}

/* Bytes 1 and 3, sign-extended, as a pair. */
static inline uint32_t mlforge_odd_bytes(uint32_t word)
{
	uint32_t pair;

	__asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(word));
	return pair;
}

/* sum + a.low * b.low + a.high * b.high, modulo 2^32 */
static inline int32_t mlforge_smlad(uint32_t a, uint32_t b, int32_t sum)
{
	int32_t result;

	__asm__("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
	return result;
}

/* sum + a.low * b.low */
static inline int32_t mlforge_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
	int32_t result;

	__asm__("smlabb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
	return result;
}

/* sum + a.low * b.high */
static inline int32_t mlforge_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
	int32_t result;

	__asm__("smlabt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
	return result;
}

/* sum + a.high * b.low */
static inline int32_t mlforge_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
	int32_t result;

	__asm__("smlatb %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
	return result;
}

/* sum + a.high * b.high */
static inline int32_t mlforge_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
	int32_t result;

	__asm__("smlatt %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
	return result;
}

/* sum + a * b / 2^32, rounded to nearest, halves up */
static inline int32_t mlforge_smmlar(int32_t a, int32_t b, int32_t sum)
{
	int32_t result;

	__asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
	return result;
}

/* sum + a * b / 2^32, rounded down */
static inline int32_t mlforge_smmla(int32_t a, int32_t b, int32_t sum)
{
	int32_t result;

	__asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
	return result;
}

/* The halves of `pair` plus bytes 0 and 2, sign-extended, each modulo 2^16. */
static inline uint32_t mlforge_add_even_bytes(uint32_t pair, uint32_t word)
{
	__asm__("sxtab16 %0, %0, %1" : "+r"(pair) : "r"(word));
	return pair;
}

/* x held to the range of int8 */
static inline int32_t mlforge_ssat8(int32_t x)
{
	int32_t result;

	__asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
	return result;
}

/* The lower halves of `low` and of `high`. */
static inline uint32_t mlforge_pkhbt(uint32_t low, uint32_t high)
{
	uint32_t pair;

	__asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(low), "r"(high));
	return pair;
}

/* The upper halves of `low` and of `high`. */
static inline uint32_t mlforge_pkhtb(uint32_t low, uint32_t high)
{
	uint32_t pair;

	__asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(high), "r"(low));
	return pair;
}

#else

static inline int8_t *mlforge_store_words(int8_t *to, uint32_t first, uint32_t second)
{
	memcpy(to, &first, sizeof(first));
	memcpy(to + 4, &second, sizeof(second));
	return to + 8;
}

static inline int32_t mlforge_low_half(uint32_t pair)
{
	return (int16_t)(uint16_t)pair;
}

static inline int32_t mlforge_high_half(uint32_t pair)
{
	return (int16_t)(uint16_t)(pair >> 16);
}

static inline uint32_t mlforge_pkhbt(uint32_t low, uint32_t high)
{
	return (low & 0xffffU) | high << 16;
}

static inline uint32_t mlforge_pkhtb(uint32_t low, uint32_t high)
{
	return low >> 16 | (high & 0xffff0000U);
}

static inline uint32_t mlforge_even_bytes(uint32_t word)
{
	return mlforge_pkhbt((uint32_t)(int8_t)(uint8_t)word,
			     (uint32_t)(int8_t)(uint8_t)(word >> 16));
}

static inline uint32_t mlforge_odd_bytes(uint32_t word)
{
	return mlforge_even_bytes(word >> 8);
}

/* Modulo 2^32, as the instructions do; a product of two int16 fits. */
static inline int32_t mlforge_add_product(int32_t sum, int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)sum + (uint32_t)(a * b));
}

static inline int32_t mlforge_smlabb(uint32_t a, uint32_t b, int32_t sum)
{
	return mlforge_add_product(sum, mlforge_low_half(a), mlforge_low_half(b));
}

static inline int32_t mlforge_smlabt(uint32_t a, uint32_t b, int32_t sum)
{
	return mlforge_add_product(sum, mlforge_low_half(a), mlforge_high_half(b));
}

static inline int32_t mlforge_smlatb(uint32_t a, uint32_t b, int32_t sum)
{
	return mlforge_add_product(sum, mlforge_high_half(a), mlforge_low_half(b));
}

static inline int32_t mlforge_smlatt(uint32_t a, uint32_t b, int32_t sum)
{
	return mlforge_add_product(sum, mlforge_high_half(a), mlforge_high_half(b));
}

static inline int32_t mlforge_smlad(uint32_t a, uint32_t b, int32_t sum)
{
	return mlforge_smlatt(a, b, mlforge_smlabb(a, b, sum));
}

static inline int32_t mlforge_smmlar(int32_t a, int32_t b, int32_t sum)
{
	return (int32_t)((uint32_t)sum + (uint32_t)(((int64_t)a * b + ((int64_t)1 << 31)) >> 32));
}

static inline int32_t mlforge_smmla(int32_t a, int32_t b, int32_t sum)
{
	return (int32_t)((uint32_t)sum + (uint32_t)(((int64_t)a * b) >> 32));
}

/* Of pairs, each half modulo 2^16. */
static inline uint32_t mlforge_add_pairs(uint32_t a, uint32_t b)
{
	return ((a + b) & 0xffffU) | ((a & 0xffff0000U) + (b & 0xffff0000U));
}

static inline uint32_t mlforge_add_even_bytes(uint32_t pair, uint32_t word)
{
	return mlforge_add_pairs(pair, mlforge_even_bytes(word));
}

static inline int32_t mlforge_ssat8(int32_t x)
{
	return x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x;
}

#endif

/* How an accumulator becomes int8 in five instructions, exactly as the reference does it with the
 * multiplier M in [2^30, 2^31) and a shift to the right by e in 2..31:
 *
 *   `factor` = 2M - 2^32, `power` = 2^(32 - e)
 *
 * For |a| < 2^30 the reference's first step, SaturatingRoundingDoublingHighMul(a, M), is (a M +
 * 2^30) >> 31, which is (a 2^32 + a factor + 2^31) >> 32: smmlar(a, factor, a). Its second,
 * RoundingDivideByPOT(x, e), is (x + (x >> 31) + 2^(e-1)) >> e, which is (x' 2^(32-e) + 2^31) >> 32
 * with x' = x + (x >> 31): smmlar(x', power, 0), and the zero point may be the sum that it is added
 * to. The sign of x may be taken from a: they differ only where a = -1 and M = 2^30, and there x' =
 * -1 and x' = 0 have the same result. */
static inline int32_t mlforge_dsp_requantise(int32_t a, int32_t factor, int32_t power,
					     int32_t zero_point)
{
	return mlforge_ssat8(
		mlforge_smmlar(mlforge_smmlar(a, factor, a + (a >> 31)), power, zero_point));
}

#endif /* MLFORGE_KERNELS_DSP_H_ */
