/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise with any window for DSP: four neighbouring outputs share each word of weights. Without dilation along the
 * rows, a word is a pair of neighbouring taps, which meets a pair of neighbouring elements, wherever it lies; else it
 * is one tap.
 */
#include "dsp_planes.h"

static void begin(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	(void)window;
	(void)plane;
}

static void prepare(const struct mlforge_window *window, const int8_t *weights, struct mlforge_dsp_plane *plane)
{
	const bool in_pairs = window->dilation_width == 1;
	uint32_t *to = plane->weights;

	for (int32_t rows = window->kernel_height; rows > 0; rows--) {
		for (int32_t taps = window->kernel_width; taps > 0; taps--) {
			const int32_t first = *weights++;
			int32_t second = 0;

			if (in_pairs && taps > 1) {
				second = *weights++;
				taps--;
			}
			*to++ = mlforge_dsp_pair_of(first, second);
		}
	}
}

/* Four windows whose first elements are `stride` bytes apart. */
static inline void four_windows(const struct mlforge_window *window, const struct mlforge_dsp_plane *plane,
				const int8_t *x, int32_t sums[4])
{
	const bool in_pairs = window->dilation_width == 1;
	const int32_t words = in_pairs ? (window->kernel_width + 1) / 2 : window->kernel_width;
	const int32_t step = in_pairs ? 4 : 2 * window->dilation_width;
	const int32_t stride = 2 * window->stride_width;
	const int32_t down = plane->row_bytes - words * step;
	const uint32_t *weights = plane->weights;
	int32_t a = plane->bias, b = a, c = a, d = a;

	for (int32_t rows = window->kernel_height; rows > 0; rows--) {
		for (const uint32_t *const end = weights + words; weights != end;) {
			const uint32_t w = *weights++;

			a = mlforge_smlad(w, mlforge_load_word(x), a);
			b = mlforge_smlad(w, mlforge_load_word(x + stride), b);
			c = mlforge_smlad(w, mlforge_load_word(x + 2 * stride), c);
			d = mlforge_smlad(w, mlforge_load_word(x + 3 * stride), d);
			x += step;
		}
		x += down;
	}
	sums[0] = a;
	sums[1] = b;
	sums[2] = c;
	sums[3] = d;
}

static void walk(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	const int8_t *row = plane->x;
	int8_t *output_row = plane->output;

	for (int32_t rows = plane->rows; rows > 0; rows--) {
		const int8_t *x = row;
		int8_t *output = output_row;

		for (int32_t columns = plane->columns; columns > 0; columns -= 4) {
			int32_t sums[4];

			four_windows(window, plane, x, sums);
			for (int32_t i = 0; i < 4 && i < columns; i++) {
				*output = (int8_t)mlforge_dsp_requantise(sums[i], plane->factor, plane->power,
									 plane->zero_point);
				output += plane->output_column;
			}
			x += 8 * window->stride_width;
		}
		row += plane->step_bytes;
		output_row += plane->output_row;
	}
}

void mlforge_dsp_depthwise_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input, int8_t *output,
			      void *scratch)
{
	static const struct mlforge_dsp_walk any = {begin, prepare, walk};
	const struct mlforge_window *window = &op->window;
	const int32_t row_words = window->dilation_width == 1 ? (window->kernel_width + 1) / 2 : window->kernel_width;

	mlforge_dsp_planes(op, input, output, scratch, window->kernel_height * row_words, &any);
}
