/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables from their palettes.
 */
#include <string.h>

#include "mlforge/kernels.h"

struct reader {
	const uint8_t *next;
	uint32_t bits; /* that were read and not used */
	uint32_t count;
};

static inline uint32_t next_index(struct reader *from, uint32_t bits)
{
	if (from->count < bits) {
		from->bits |= (uint32_t)*from->next++ << from->count;
		from->count += 8;
	}
	const uint32_t index = from->bits & ((1U << bits) - 1U);

	from->bits >>= bits;
	from->count -= bits;
	return index;
}

/* A run of units; `size` is a multiple of `inner`. */
static int8_t *unpack_run(const struct mlforge_palettes *op, struct reader *from,
			  const int8_t *palettes, uint32_t size, int8_t *to)
{
	for (const int8_t *const end = to + size; to != end;) {
		const int8_t *palette = palettes;

		for (uint32_t i = 0; i < op->inner; i++) {
			*to++ = palette[next_index(from, op->bits)];
			palette += op->colours;
		}
	}
	return to;
}

/* All of a table of four bits: two units of each byte. Runs are even, and `inner` is 1 or 2. */
static void unpack_nibbles(const struct mlforge_palettes *op, int8_t *to)
{
	const uint32_t bytes = op->run / 2U, step = (uint32_t)op->inner * op->colours;
	const uint32_t second = step - op->colours, all = (uint32_t)op->count * op->colours;
	const uint8_t *next = op->indices;
	const int8_t *palettes = op->palettes;

	for (const int8_t *const end = to + op->units; to != end; palettes += all) {
		for (const int8_t *const ends = to + op->block; to != ends;) {
			for (const int8_t *palette = palettes; palette != palettes + all;
			     palette += step) {
				for (const uint8_t *const last = next + bytes; next != last;) {
					const uint32_t both = *next++;

					to[0] = palette[both & 15U];
					to[1] = palette[second + (both >> 4)];
					to += 2;
				}
			}
		}
	}
}

/* All of a table of any number of bits. */
static void unpack_bits(const struct mlforge_palettes *op, int8_t *to)
{
	const int8_t *palettes = op->palettes;
	struct reader from = {.next = op->indices};

	for (const int8_t *const end = to + op->units; to != end;) {
		for (const int8_t *const ends = to + op->block; to != ends;) {
			const int8_t *palette = palettes;

			for (uint32_t i = 0; i < op->count; i += op->inner) {
				to = unpack_run(op, &from, palette, op->run, to);
				palette += op->inner * op->colours;
			}
		}
		palettes += op->count * op->colours;
	}
}

/* Bytes a, b to the half-word 256 * b + a: b is one less where a is negative. Two at a time. */
static void join_pairs(uint8_t *table, uint32_t units)
{
	for (uint8_t *const end = table + units; table != end; table += 4) {
		uint32_t word;

		memcpy(&word, table, sizeof(word));
		const uint32_t less = ((word & 0x00800080U) >> 7) * 0xff00U;

		word = ((word & 0x7fff7fffU) + (less & 0x7fff7fffU)) ^
		       ((word ^ less) & 0x80008000U);
		memcpy(table, &word, sizeof(word));
	}
}

void mlforge_unpack(const struct mlforge_palettes *op, uint8_t *table)
{
	if (op->bits == 4 && op->inner <= 2 && op->run % 2 == 0) {
		unpack_nibbles(op, (int8_t *)table);
	} else {
		unpack_bits(op, (int8_t *)table);
	}
	if (op->pairs) {
		join_pairs(table, op->units);
	}
}
