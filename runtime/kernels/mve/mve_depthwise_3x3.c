/* SPDX-License-Identifier: Apache-2.0
 *
 * DEPTHWISE_CONV_2D with windows of 3x3 for MVE, sixteen channels at a time. With stride 1, a tile
 * is 2x2 outputs, and sees 4x4 inputs; with stride 2 it is four outputs of a row, and sees 3x5
 * inputs twice. Rows of the input are copied before they are seen, with the padding, so that
 * outputs may take the place of inputs.
 */
#include "mve_depthwise.h"

#define FINISH_BYTES 12
#define ROWS_ON      2 /* from tile to tile */

struct shape {
	int32_t patches;
	int32_t rows;       /* that a tile sees */
	int32_t tile_rows;  /* outputs */
	int32_t tile_width; /* outputs */
};

static const struct shape shape_of_stride_1 = {1, 4, 2, 2}, shape_of_stride_2 = {2, 3, 1, 4};

struct work {
	const struct mlforge_mve_depthwise *op;
	const struct shape *shape;
	int32_t line_bytes; /* of a row of the input with its padding, sixteen channels */
	int32_t first;      /* channel */
	int32_t channels;
	int8_t *seen;
	int8_t *records;
	int8_t *nowhere;    /* for results that there are not */
	uint32_t places[4]; /* of a tile's outputs, in bytes */
	int8_t *lines[4];
};

/* Three weights of a row, and a zero. */
static uint32_t word_of(const int8_t *w)
{
	uint32_t word;

	memcpy(&word, w, sizeof(word));
	return word & 0xffffff;
}

/* The weights where the four outputs of a tile of 2x2 see them: rows of four inputs. */
static void spread_over_tile(const int8_t *w, int8_t *record)
{
	const uint32_t row[3] = {word_of(w), word_of(w + 3), word_of(w + 6)};
	uint32_t to[16] = {0};

	for (int32_t i = 0; i < 3; i++) {
		to[i] = row[i];
		to[4 + i] = row[i] << 8;
		to[8 + i + 1] = row[i];
		to[12 + i + 1] = row[i] << 8;
	}
	memcpy(record, to, sizeof(to));
}

/* The weights where two outputs of a row see them, two inputs apart: rows of five inputs. */
static void spread_over_row(const int8_t *w, int8_t *record)
{
	mlforge_mve_fill_pixels(record, 0, 2);
	for (int32_t i = 0; i < 3; i++) {
		memcpy(record, w, 3);
		memcpy(record + 16 + 2, w, 3);
		w += 3;
		record += 5;
	}
}

static void prepare_records(const struct work *work)
{
	const struct mlforge_mve_depthwise *op = work->op;
	int8_t *record = work->records;

	for (int32_t c = work->first; c < work->first + work->channels; c++) {
		if (work->shape->patches == 1) {
			spread_over_tile(op->weights + 9 * c, record);
			record += 64;
		} else {
			spread_over_row(op->weights + 9 * c, record);
			record += 32;
		}
		memcpy(record, op->records + 3 * c, FINISH_BYTES);
		record += FINISH_BYTES;
	}
}

/* Row y of the input with what surrounds it. */
static void copy_line(const struct work *work, const int8_t *input, int32_t y, int8_t *line)
{
	const struct mlforge_mve_depthwise *op = work->op;
	const struct mlforge_window *window = &op->window;
	const int32_t pixels = work->line_bytes / 16, zero = op->input_zero_point;
	const int32_t left = window->pad_left, room = pixels - left;
	const int32_t width = window->input_width < room ? window->input_width : room;

	if (y < 0 || y >= window->input_height || width <= 0) {
		mlforge_mve_fill_pixels(line, zero, pixels);
		return;
	}
	line = mlforge_mve_fill_pixels(line, zero, left);
	line = mlforge_mve_copy_pixels(line,
				       input + y * window->input_width * op->channels + work->first,
				       op->channels, work->channels, width);
	mlforge_mve_fill_pixels(line, zero, room - width);
}

static void look_at_tile(const struct work *work, int32_t column)
{
	for (int32_t row = 0; row < 4; row++) {
		mlforge_mve_turn_four(work->lines[row] + column * 16, work->seen + row * 4);
	}
}

/* The patches share an input. */
static void look_at_row(const struct work *work, int32_t column)
{
	for (int32_t row = 0; row < 3; row++) {
		const int8_t *pixels = work->lines[row] + column * 16;
		int8_t *first = work->seen + row * 5, *second = first + MLFORGE_MVE_LANES * 16;

		mlforge_mve_turn_four(pixels, first);
		mlforge_mve_turn_one(pixels + 4 * 16, first + 4);
		mlforge_mve_turn_four(pixels + 4 * 16, second);
		mlforge_mve_turn_one(pixels + 8 * 16, second + 4);
	}
}

/* Where the outputs of a tile go that has only so many rows and columns of them. */
static void place(const struct work *work, struct mlforge_mve_sight *sight, int32_t rows,
		  int32_t columns)
{
	const int32_t shift = work->shape->patches, last = work->shape->tile_width - 1;

	for (int32_t i = 0; i < 4; i++) {
		sight->offsets[i] = i >> shift < rows && (i & last) < columns
					    ? work->places[i]
					    : (uint32_t)(work->nowhere - sight->output);
	}
}

/* The tiles of the output's row y. */
static void one_row(const struct work *work, int32_t y, int8_t *output)
{
	const struct mlforge_mve_depthwise *op = work->op;
	const struct shape *shape = work->shape;
	const int32_t width = op->window.output_width, rows = op->window.output_height - y;
	struct mlforge_mve_sight sight = {.seen = work->seen,
					  .records = work->records,
					  .channels = work->channels,
					  .output =
						  output + y * width * op->channels + work->first};

	memcpy(sight.offsets, work->places, sizeof(sight.offsets));
	for (int32_t x = 0; x < width; x += shape->tile_width) {
		if (rows < shape->tile_rows || width - x < shape->tile_width) {
			place(work, &sight, rows, width - x);
		}
		if (shape->patches == 1) {
			look_at_tile(work, x);
		} else {
			look_at_row(work, 2 * x);
		}
		mlforge_mve_sixteen_channels(op, &sight, shape->patches);
		sight.output += shape->tile_width * op->channels;
	}
}

static void some_channels(struct work *work, const int8_t *input, int8_t *output)
{
	const struct mlforge_window *window = &work->op->window;
	const int32_t rows = work->shape->rows, kept = rows - ROWS_ON;
	int32_t next = -window->pad_top; /* row of the input */

	prepare_records(work);
	for (int32_t row = 0; row < kept; row++) {
		copy_line(work, input, next++, work->lines[row]);
	}
	for (int32_t y = 0; y < window->output_height; y += work->shape->tile_rows) {
		for (int32_t row = kept; row < rows; row++) {
			copy_line(work, input, next++, work->lines[row]);
		}
		one_row(work, y, output);
		for (int32_t row = 0; row < kept; row++) { /* these are seen again */
			int8_t *const line = work->lines[row];

			work->lines[row] = work->lines[row + ROWS_ON];
			work->lines[row + ROWS_ON] = line;
		}
	}
}

void mlforge_mve_depthwise_3x3_s8(const struct mlforge_mve_depthwise *op, const int8_t *input,
				  int8_t *output, int8_t *scratch)
{
	const int32_t stride = op->window.stride_width;
	const struct shape *shape = stride == 1 ? &shape_of_stride_1 : &shape_of_stride_2;
	const int32_t tiles = (op->window.output_width + shape->tile_width - 1) / shape->tile_width;
	struct work work = {.op = op, .shape = shape};
	const int32_t record_bytes = 64 / shape->patches + FINISH_BYTES;

	work.line_bytes = ((tiles * shape->tile_width - 1) * stride + 3) * 16;
	work.records = scratch;
	work.seen = work.records + record_bytes * MLFORGE_MVE_LANES;
	work.nowhere = work.seen + shape->patches * MLFORGE_MVE_LANES * 16;
	for (int32_t row = 0; row < shape->rows; row++) {
		work.lines[row] = work.nowhere + 16 + row * work.line_bytes;
	}
	for (int32_t i = 0; i < 4; i++) {
		const int32_t row = i / shape->tile_width, column = i % shape->tile_width;

		work.places[i] =
			(uint32_t)((row * op->window.output_width + column) * op->channels);
	}
	for (int32_t c = 0; c < op->channels; c += MLFORGE_MVE_LANES) {
		work.first = c;
		work.channels = op->channels - c;
		if (work.channels > MLFORGE_MVE_LANES) {
			work.channels = MLFORGE_MVE_LANES;
		}
		some_channels(&work, input, output);
	}
}
