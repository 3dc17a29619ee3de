/* SPDX-License-Identifier: Apache-2.0
 *
 * Packs the windows of four output pixels at a time; see packed.h. A window is made of runs, one
 * for each of its rows: kernel_width * input_channels bytes that are contiguous in the input,
 * except at its border, where they are copied with padding filled in.
 */
#include <string.h>

#include "packed.h"

struct pixel {
	const int8_t
		*start; /* where its first run would begin; read only where the spans allow it */
	struct mlforge_span rows;
	struct mlforge_span columns;
};

static int32_t run_bytes(const struct mlforge_packed_conv_2d *op)
{
	return op->window.kernel_width * op->input_channels;
}

static int32_t row_offset(const struct mlforge_packed_walk *walk, int32_t ky,
			  const struct pixel *pixel)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t y = pixel->rows.origin + ky * window->dilation_height;

	return (y * window->input_width + pixel->columns.origin) * walk->op->input_channels;
}

static const int8_t *border_run(const struct mlforge_packed_walk *walk, const struct pixel *pixel,
				int32_t ky, int8_t *copy)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t channels = walk->op->input_channels;
	const int32_t step = window->dilation_width * channels;
	const int32_t offset = row_offset(walk, ky, pixel);

	memset(copy, walk->op->input_zero_point, (uint32_t)run_bytes(walk->op));
	for (int32_t kx = pixel->columns.begin; kx < pixel->columns.end; kx++) {
		memcpy(copy + kx * channels, walk->input + offset + kx * step, (uint32_t)channels);
	}
	return copy;
}

static const int8_t *run_of(const struct mlforge_packed_walk *walk, const struct pixel *pixel,
			    int32_t ky, int32_t slot)
{
	const struct mlforge_window *window = &walk->op->window;

	if (ky < pixel->rows.begin || ky >= pixel->rows.end) {
		return walk->spare;
	}
	if (pixel->columns.begin == 0 && pixel->columns.end == window->kernel_width &&
	    window->dilation_width == 1) {
		return walk->input + row_offset(walk, ky, pixel);
	}
	return border_run(walk, pixel, ky, walk->spare + (slot + 1) * run_bytes(walk->op));
}

/* Two packed values of each element of four runs. */
static uint32_t *pack(const int8_t *const runs[MLFORGE_PACKED_PIXELS], int32_t bytes, uint32_t *to)
{
	const int8_t *const a = runs[0], *const b = runs[1], *const c = runs[2], *const d = runs[3];

	for (int32_t i = 0; i < bytes; i++) {
		to[0] = (uint32_t)a[i] + ((uint32_t)b[i] << 16);
		to[1] = (uint32_t)c[i] + ((uint32_t)d[i] << 16);
		to += 2;
	}
	return to;
}

struct mlforge_packed_walk mlforge_packed_start(const struct mlforge_packed_conv_2d *op,
						const int8_t *input, int8_t *spare)
{
	const struct mlforge_packed_walk walk = {
		.op = op,
		.input = input,
		.spare = spare,
		.left = op->window.output_height * op->window.output_width,
	};

	if (op->has_padding) {
		memset(spare, op->input_zero_point, (uint32_t)run_bytes(op));
	}
	return walk;
}

static void advance(struct mlforge_packed_walk *walk)
{
	if (++walk->x == walk->op->window.output_width) {
		walk->x = 0;
		++walk->y;
	}
}

int32_t mlforge_packed_next(struct mlforge_packed_walk *walk, uint32_t *to)
{
	const struct mlforge_window *window = &walk->op->window;
	const int32_t count =
		walk->left < MLFORGE_PACKED_PIXELS ? walk->left : MLFORGE_PACKED_PIXELS;
	const uint32_t *const end = to + 2 * walk->op->depth;
	struct pixel pixels[MLFORGE_PACKED_PIXELS];

	for (int32_t i = 0; i < MLFORGE_PACKED_PIXELS; i++) {
		if (i < count) {
			pixels[i].rows = mlforge_rows(window, walk->y);
			pixels[i].columns = mlforge_columns(window, walk->x);
			advance(walk);
		} else {
			pixels[i] = pixels[count - 1];
		}
	}
	walk->left -= count;
	for (int32_t ky = 0; ky < window->kernel_height; ky++) {
		const int8_t *runs[MLFORGE_PACKED_PIXELS];

		for (int32_t i = 0; i < MLFORGE_PACKED_PIXELS; i++) {
			runs[i] = run_of(walk, &pixels[i], ky, i);
		}
		to = pack((const int8_t *const *)runs, run_bytes(walk->op), to);
	}
	while (to != end) {
		*to++ = 0; /* met by weights of 0 */
	}
	return count;
}

void mlforge_packed_clamp(const struct mlforge_packed_conv_2d *op, int8_t *output)
{
	const int32_t count =
		op->window.output_height * op->window.output_width * op->output_channels;

	if (op->low == INT8_MIN && op->high == INT8_MAX) {
		return;
	}
	for (int32_t i = 0; i < count; i++) {
		output[i] = (int8_t)mlforge_clamp(output[i], op->low, op->high);
	}
}
