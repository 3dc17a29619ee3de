/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D of 3x3, two products in one multiplication: see packed.h. One channel at a time
 * lies in scratch as rows of words, each of which holds an element and that which the next output
 * takes at the same place. Three words of each of three rows and nine weights make two outputs.
 * Rows that the next outputs need again are moved, so that each is read once: the output may take
 * the place of the input.
 */
#include <stdbool.h>
#include <string.h>

#include "packed.h"

/* One channel. The axes of its picture are called rows and columns; which they are is the
 * compiler's choice. Stores of int8 may change whatever the compiler sees, so that loops copy what
 * they need.
 */
struct channel {
	const struct mlforge_packed_depthwise_3x3 *op;
	const int8_t *input;
	int32_t input_column; /* bytes from an element to the next */
	int32_t input_row;
	int32_t output_column;
	int32_t output_row;
	uint32_t *rows;  /* of all outputs of a band */
	int32_t columns; /* words in a row */
	uint32_t weights[9];
	uint32_t start; /* of sums */
	uint32_t factor;
	int32_t exponent;
	int32_t rounding;
};

/* From the elements of a row to words of it: each is an element and the next. */
static void bring_row(const struct channel *channel, const int8_t *from, uint32_t *to)
{
	const struct mlforge_window *window = &channel->op->window;
	const uint32_t padding = (uint32_t)channel->op->input_zero_point;
	const int32_t step = channel->input_column;
	uint32_t *const end = to + channel->columns;
	int32_t before = window->pad_left - 1;
	int32_t inside = window->input_width;
	uint32_t last = padding;

	if (before < 0) { /* the first element completes nothing */
		last = (uint32_t)*from;
		from += step;
		inside--;
	}
	for (; before > 0; before--) {
		*to++ = padding + (padding << 16);
	}
	if (inside > end - to) {
		inside = (int32_t)(end - to);
	}
#pragma GCC unroll 4
	for (const uint32_t *const stop = to + inside; to != stop;) {
		const uint32_t element = (uint32_t)*from;

		*to++ = last + (element << 16);
		last = element;
		from += step;
	}
	while (to != end) {
		*to++ = last + (padding << 16);
		last = padding;
	}
}

/* Rows begin..end-1 of scratch, the first of which is row `y` of the input. */
static void bring_rows(const struct channel *channel, int32_t y, int32_t begin, int32_t end)
{
	const struct mlforge_window *window = &channel->op->window;
	const uint32_t padding = (uint32_t)channel->op->input_zero_point;
	uint32_t *to = channel->rows + begin * channel->columns;

	for (int32_t row = begin; row < end; row++) {
		if ((uint32_t)(y + row) < window->input_height) {
			bring_row(channel, channel->input + (y + row) * channel->input_row, to);
		} else {
			for (int32_t i = 0; i < channel->columns; i++) {
				to[i] = padding + (padding << 16);
			}
		}
		to += channel->columns;
	}
}

#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 2 && defined(__GNUC__)

/* Compilers load words one by one. */
#define LOAD "ldm %[x], {r4, r5, r6}\n\tldm %[w]!, {r8, r9, r10}\n\tmla r4, r4, r8, %[start]\n\t"
#define ADD  "add %[total], r4\n\tadd %[upper], %[upper], r4, lsr #16\n\tadd %[x], %[columns]\n\t"
#define ROW  LOAD "mla r4, r5, r9, r4\n\tmla r4, r6, r10, r4\n\t" ADD
#define SPLIT_ROW                                                                                  \
	LOAD "mla r4, r5, r9, r4\n\tmla r6, r6, r10, %[start]\n\tadd %[total], r6\n\t"             \
	     "add %[upper], %[upper], r6, lsr #16\n\t" ADD
#define ROWS(ROW_OF)                                                                               \
	__asm__ volatile(ROW_OF ROW_OF ROW_OF                                                      \
			 : [x] "+r"(x), [w] "+r"(w), [total] "+r"(total), [upper] "+r"(upper)      \
			 : [start] "r"(MLFORGE_PACKED_START), [columns] "r"(bytes)                 \
			 : "r4", "r5", "r6", "r8", "r9", "r10", "memory")

static inline __attribute__((always_inline)) struct mlforge_packed_sums
two_sums(const uint32_t *x, int32_t columns, const uint32_t *w, uint32_t start, bool splits)
{
	const int32_t bytes = columns * (int32_t)sizeof(*x);
	uint32_t total = start + (start << 16), upper = start;

	if (splits) {
		ROWS(SPLIT_ROW);
	} else {
		ROWS(ROW);
	}
	return (struct mlforge_packed_sums){{total, 0}, {upper, 0}};
}

#else

static inline __attribute__((always_inline)) struct mlforge_packed_sums
two_sums(const uint32_t *x, int32_t columns, const uint32_t *w, uint32_t start, bool splits)
{
	uint32_t total = start + (start << 16), upper = start;

#pragma GCC unroll 3
	for (int row = 0; row < 3; row++) {
		uint32_t p = MLFORGE_PACKED_START + w[3 * row] * x[0];

		p += w[3 * row + 1] * x[1];
		if (splits) {
			total += p;
			upper += p >> 16;
			p = MLFORGE_PACKED_START;
		}
		p += w[3 * row + 2] * x[2];
		total += p;
		upper += p >> 16;
		x += columns;
	}
	return (struct mlforge_packed_sums){{total, 0}, {upper, 0}};
}

#endif

/* `rows` rows of outputs, two at a time. `splits`, a constant, says whether the third product of a
 * row is a block of its own. */
static inline __attribute__((always_inline)) void
walk_rows(const struct channel *channel, int8_t *output, int32_t rows, bool splits)
{
	const struct mlforge_window *window = &channel->op->window;
	const int32_t width = window->output_width, columns = channel->columns;
	const int32_t step = channel->output_column;
	const uint32_t start = channel->start, factor = channel->factor;
	const int32_t exponent = channel->exponent, rounding = channel->rounding;
	const uint32_t *x_row = channel->rows;
	const uint32_t w[9] = {
		channel->weights[0], channel->weights[1], channel->weights[2],
		channel->weights[3], channel->weights[4], channel->weights[5],
		channel->weights[6], channel->weights[7], channel->weights[8],
	};

	for (; rows > 0; rows--) {
		const uint32_t *x = x_row;
		int8_t *to = output;
		int32_t left = width;

		for (;; left -= 2) {
			const struct mlforge_packed_sums sums =
				two_sums(x, columns, w, start, splits);

			*to = mlforge_packed_finish(sums.total[0] - (sums.upper[0] << 16), factor,
						    exponent, rounding);
			if (left < 2) {
				break;
			}
			to[step] = mlforge_packed_finish(sums.upper[0], factor, exponent, rounding);
			if (left == 2) {
				break;
			}
			to += 2 * step;
			x += 2;
		}
		x_row += columns;
		output += channel->output_row;
	}
}

static __attribute__((noinline)) void walk_whole(const struct channel *channel, int8_t *output,
						 int32_t rows)
{
	walk_rows(channel, output, rows, false);
}

static __attribute__((noinline)) void walk_split(const struct channel *channel, int8_t *output,
						 int32_t rows)
{
	walk_rows(channel, output, rows, true);
}

static void one_channel(const struct channel *channel, int8_t *output, bool splits)
{
	const struct mlforge_window *window = &channel->op->window;
	const int32_t band = channel->op->band_rows;
	int32_t kept = 0;

	for (int32_t row = 0; row < window->output_height; row += band) {
		const int32_t left = window->output_height - row;
		const int32_t rows = left < band ? left : band;
		const int32_t needed = rows + 2;

		if (kept > 0) {
			memmove(channel->rows, channel->rows + band * channel->columns,
				(uint32_t)(kept * channel->columns) * sizeof(uint32_t));
		}
		bring_rows(channel, row - window->pad_top, kept > 0 ? kept : 0, needed);
		kept = needed - band;
		(splits ? walk_split : walk_whole)(channel, output, rows);
		output += rows * channel->output_row;
	}
}

void mlforge_packed_depthwise_3x3_s8(const struct mlforge_packed_depthwise_3x3 *op,
				     const int8_t *input, int8_t *output, void *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t count = window->output_height * window->output_width * op->channels;
	const int32_t channels = op->channels;
	const int8_t *weights = op->weights;
	struct channel channel = {
		.op = op,
		.input = input,
		.input_column = op->is_transposed ? window->input_height * channels : channels,
		.input_row = op->is_transposed ? channels : window->input_width * channels,
		.output_column = op->is_transposed ? window->output_height * channels : channels,
		.output_row = op->is_transposed ? channels : window->output_width * channels,
		.rows = scratch,
		.columns = (window->output_width + 1) / 2 * 2 + 1,
	};

	for (int32_t c = 0; c < channels; c++) {
		const int32_t shift = op->codes[c] & 31;

		for (int32_t k = 0; k < 9; k++) {
			channel.weights[k] = (uint32_t)*weights++;
		}
		channel.start = op->starts[2 * c];
		channel.factor = op->starts[2 * c + 1];
		channel.exponent = shift + 1;
		channel.rounding = (int32_t)((uint32_t)(2 * op->zero_point + 1) << shift);
		one_channel(&channel, output + c, op->codes[c] >= 32);
		channel.input++;
	}
	if (op->low > INT8_MIN || op->high < INT8_MAX) {
		for (int32_t i = 0; i < count; i++) {
			output[i] = (int8_t)mlforge_clamp(output[i], op->low, op->high);
		}
	}
}
