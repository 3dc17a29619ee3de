/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of int8 in pairs of int16, which 256 of them cannot overflow.
 */
#include "dsp_sums.h"

#include "dsp_bytes.h"

#define SAFE_COUNT 256

struct pairs {
	uint32_t even; /* channels 0 and 2 */
	uint32_t odd;
};

static inline struct pairs add_pixels(struct pairs sums, const int8_t *from, int32_t step,
				      int32_t count)
{
#pragma GCC unroll 4
	for (; count > 0; count--) {
		const uint32_t word = mlforge_load_word(from);

		sums.even = mlforge_add_even_bytes(sums.even, word);
		sums.odd = mlforge_add_odd_bytes(sums.odd, word);
		from += step;
	}
	return sums;
}

static void flush(struct pairs *from, int32_t sums[4])
{
	sums[0] += (int16_t)(uint16_t)from->even;
	sums[1] += (int16_t)(uint16_t)from->odd;
	sums[2] += (int16_t)(uint16_t)(from->even >> 16);
	sums[3] += (int16_t)(uint16_t)(from->odd >> 16);
	from->even = 0;
	from->odd = 0;
}

void mlforge_dsp_sum_of_four(const struct mlforge_dsp_area *area, const int8_t *corner,
			     int32_t sums[4])
{
	const int32_t is_run = area->row_bytes ==
			       area->width * area->step; /* rows follow each other without a gap */
	const int32_t width = is_run ? area->width * area->height : area->width;
	struct pairs pairs = {0, 0};
	int32_t room = SAFE_COUNT;

	for (int32_t i = 0; i < 4; i++) {
		sums[i] = 0;
	}
	for (int32_t rows = is_run ? 1 : area->height; rows > 0; rows--) {
		const int8_t *from = corner;

		for (int32_t left = width; left > 0;) {
			const int32_t count = left < room ? left : room;

			pairs = add_pixels(pairs, from, area->step, count);
			from += count * area->step;
			left -= count;
			room -= count;
			if (room == 0) {
				flush(&pairs, sums);
				room = SAFE_COUNT;
			}
		}
		corner += area->row_bytes;
	}
	flush(&pairs, sums);
}
