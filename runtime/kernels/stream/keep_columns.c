/* SPDX-License-Identifier: Apache-2.0
 *
 * Moves what is kept of a ring to its front. From front to back, so that nothing is written before
 * it has been read; in words where both ends lie on their boundaries.
 */
#include <string.h>

#include "mlforge/kernels.h"

#define WORD 4U

static void move_word(int8_t *to, const int8_t *from)
{
	uint32_t word;

	memcpy(&word, __builtin_assume_aligned(from, WORD), WORD);
	memcpy(__builtin_assume_aligned(to, WORD), &word, WORD);
}

void mlforge_keep_columns(const struct mlforge_keep_columns *op, int8_t *ring)
{
	const int8_t *from = ring + op->new_bytes;
	uint32_t left = op->kept_bytes;

	if (op->new_bytes % WORD == 0) {
#pragma GCC unroll 4
		for (; left >= WORD; left -= WORD) {
			move_word(ring, from);
			ring += WORD;
			from += WORD;
		}
	}
	for (; left > 0; left--) {
		*ring++ = *from++;
	}
}
