/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise with any window for DSP. Without dilation along the rows, a word of weights is two
 * neighbouring taps, which meet two neighbouring elements wherever these lie; else it is one tap.
 */
#include "dsp_walk_rows.h"

#if MLFORGE_DSP

/* r3 bytes from a window to the next, r7 three times that, r4 bytes from a word's elements to the
 * next word's. */
#define START                                                                                      \
	"ldrd r4, r3, [r0, #96]\n"                                                                 \
	"add r7, r3, r3, lsl #1\n"
#define ROW                                                                                        \
	"ldr r12, [r0, #88]\n"                                                                     \
	"4:\n"                                                                                     \
	"ldr r6, [r2], #4\n"                                                                       \
	"ldr r5, [r1]\n"                                                                           \
	"smlad r8, r6, r5, r8\n"                                                                   \
	"ldr r5, [r1, r3]\n"                                                                       \
	"smlad r9, r6, r5, r9\n"                                                                   \
	"ldr r5, [r1, r3, lsl #1]\n"                                                               \
	"smlad r10, r6, r5, r10\n"                                                                 \
	"ldr r5, [r1, r7]\n"                                                                       \
	"smlad r11, r6, r5, r11\n"                                                                 \
	"add r1, r1, r4\n"                                                                         \
	"subs r12, r12, #1\n"                                                                      \
	"bne 4b\n"
#define ADVANCE                                                                                    \
	"ldr r3, [r0, #100]\n"                                                                     \
	"add r1, r1, r3, lsl #2\n"

static MLFORGE_WALK(walk)
{
	__asm__ volatile(MLFORGE_WALK_ROWS(START, ROW, ADVANCE));
}

#else

static int32_t sum_of_window(const struct mlforge_dsp_plane *plane, const int8_t *x)
{
	const uint32_t *weights = plane->weights;
	int32_t sum = plane->channel.bias;

	for (int32_t rows = plane->kernel_rows; rows > 0; rows--) {
		for (int32_t words = plane->words; words > 0; words--) {
			sum = mlforge_smlad(*weights++, mlforge_load_word(x), sum);
			x += plane->word_bytes;
		}
		x += plane->kernel_row_advance;
	}
	return sum;
}

static void walk(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	(void)window;
	for (int32_t row = 0; row < plane->rows; row++) {
		const int8_t *x = plane->x + row * plane->step_bytes;
		int8_t *to = plane->output + row * plane->output_row;

		for (int32_t column = 0; column < plane->columns; column++) {
			*to = (int8_t)mlforge_dsp_requantise(
				sum_of_window(plane, x), plane->channel.factor,
				plane->channel.power, plane->zero_point);
			x += plane->column_bytes;
			to += plane->output_column;
		}
	}
}

#endif

static void begin(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	const bool in_pairs = window->dilation_width == 1;
	const int32_t words = in_pairs ? (window->kernel_width + 1) / 2 : window->kernel_width;

	plane->word_bytes = in_pairs ? 4 : 2 * window->dilation_width;
	mlforge_dsp_begin_rows(window, plane, words, words * plane->word_bytes);
}

static void prepare(const struct mlforge_window *window, const int8_t *weights,
		    struct mlforge_dsp_plane *plane)
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

void mlforge_dsp_depthwise_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
			      int8_t *output, void *scratch)
{
	static const struct mlforge_dsp_walk any = {begin, prepare, walk};
	const struct mlforge_window *window = &op->window;
	const int32_t row_words =
		window->dilation_width == 1 ? (window->kernel_width + 1) / 2 : window->kernel_width;

	mlforge_dsp_planes(op, input, output, scratch, window->kernel_height * row_words, &any);
}
