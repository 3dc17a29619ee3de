/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs of samples from one place to another. C libraries that are built for size, as those of
 * Zephyr and of Debian's compiler, copy byte by byte: five instructions each.
 */
#ifndef MLFORGE_FEATURES_COPY_H_
#define MLFORGE_FEATURES_COPY_H_

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_UNALIGNED) || defined(__x86_64__) || defined(__i386__)
#define MLFORGE_WORDS_AT(to, from)  1
#define MLFORGE_WORD_POINTER(place) (place)
#else
#define MLFORGE_WORDS_AT(to, from)  ((((uintptr_t)(to) | (uintptr_t)(from)) & 3U) == 0)
#define MLFORGE_WORD_POINTER(place) __builtin_assume_aligned(place, 4)
#endif

static inline uint32_t mlforge_load_word(const uint8_t *from)
{
	uint32_t word;

	memcpy(&word, MLFORGE_WORD_POINTER(from), sizeof(word));
	return word;
}

static inline void mlforge_store_word(uint8_t *to, uint32_t word)
{
	memcpy(MLFORGE_WORD_POINTER(to), &word, sizeof(word));
}

/* From the front on: `to` may lie in front of `from` and overlap with it. */
static inline void mlforge_copy_down(void *to, const void *from, uint32_t bytes)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	if (MLFORGE_WORDS_AT(out, in)) {
		for (; bytes >= 16; bytes -= 16, in += 16, out += 16) {
			const uint32_t first = mlforge_load_word(in);
			const uint32_t second = mlforge_load_word(&in[4]);
			const uint32_t third = mlforge_load_word(&in[8]);
			const uint32_t fourth = mlforge_load_word(&in[12]);

			mlforge_store_word(out, first);
			mlforge_store_word(&out[4], second);
			mlforge_store_word(&out[8], third);
			mlforge_store_word(&out[12], fourth);
		}
	}
	memmove(out, in, bytes);
}

#endif /* MLFORGE_FEATURES_COPY_H_ */
