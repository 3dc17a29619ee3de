/* SPDX-License-Identifier: Apache-2.0
 *
 * Four int8 in a word: sums, the larger, the smaller. Instructions of Arm's DSP extension, and the
 * same arithmetic in plain C for every other core; see dsp.h. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_DSP_BYTES_H_
#define MLFORGE_KERNELS_DSP_BYTES_H_

#include "dsp.h"

/* Four bytes to any address. */
static inline void mlforge_store_word(int8_t *to, uint32_t word)
{
	memcpy(to, &word, sizeof(word));
}

/* The same byte four times. */
static inline uint32_t mlforge_four_bytes(int8_t byte)
{
	return 0x01010101U * (uint8_t)byte;
}

#if MLFORGE_DSP

static inline uint32_t mlforge_add_odd_bytes(uint32_t pair, uint32_t word)
{
	__asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(pair) : "r"(word));
	return pair;
}

static inline uint32_t mlforge_larger_bytes(uint32_t a, uint32_t b)
{
	uint32_t larger;

	__asm__("ssub8 %0, %1, %2\n"
		"sel %0, %1, %2"
		: "=&r"(larger)
		: "r"(a), "r"(b));
	return larger;
}

static inline uint32_t mlforge_smaller_bytes(uint32_t a, uint32_t b)
{
	uint32_t smaller;

	__asm__("ssub8 %0, %1, %2\n"
		"sel %0, %2, %1"
		: "=&r"(smaller)
		: "r"(a), "r"(b));
	return smaller;
}

#else

static inline uint32_t mlforge_add_odd_bytes(uint32_t pair, uint32_t word)
{
	return mlforge_add_pairs(pair, mlforge_odd_bytes(word));
}

static inline uint32_t mlforge_larger_bytes(uint32_t a, uint32_t b)
{
	uint32_t larger = 0;

	for (uint32_t shift = 0; shift < 32; shift += 8) {
		const uint32_t byte_a = a >> shift & 0xffU, byte_b = b >> shift & 0xffU;

		larger |= ((byte_a ^ 0x80U) > (byte_b ^ 0x80U) ? byte_a : byte_b) << shift;
	}
	return larger;
}

static inline uint32_t mlforge_smaller_bytes(uint32_t a, uint32_t b)
{
	return ~mlforge_larger_bytes(~a, ~b);
}

#endif

#endif /* MLFORGE_KERNELS_DSP_BYTES_H_ */
