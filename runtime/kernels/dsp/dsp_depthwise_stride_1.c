/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise with stride 1 and no dilation along the rows, any other window, for DSP. Every output
 * reads whole, aligned words: the weights of an odd output are those of an even one, moved by one
 * element.
 */
#include "dsp_walk_rows.h"

/* Of weights, for even and odd outputs, for a row of the kernel. */
static int32_t words_of(const struct mlforge_window *window)
{
	return window->kernel_width / 2 + 1;
}

#if MLFORGE_DSP

#define WORD(first, second)                                                                        \
	"ldrd r6, r7, [r2], #8\n"                                                                  \
	"smlad r8, r6, " first ", r8\n"                                                            \
	"smlad r9, r7, " first ", r9\n"                                                            \
	"smlad r10, r6, " second ", r10\n"                                                         \
	"smlad r11, r7, " second ", r11\n"
/* Two words of weights at a time, then one that may be left. */
#define ROW                                                                                        \
	"ldr r12, [r0, #88]\n"                                                                     \
	"subs r12, r12, #2\n"                                                                      \
	"blt 5f\n"                                                                                 \
	"4:\n"                                                                                     \
	"ldm r1, {r3, r4, r5}\n"                                                                   \
	"adds r1, r1, #8\n" WORD("r3", "r4")                                                       \
		WORD("r4", "r5") "subs r12, r12, #2\n"                                             \
				 "bge 4b\n"                                                        \
				 "5:\n"                                                            \
				 "adds r12, r12, #2\n"                                             \
				 "beq 6f\n"                                                        \
				 "ldrd r3, r4, [r1]\n" WORD("r3", "r4") "6:\n"

static MLFORGE_WALK(walk)
{
	__asm__ volatile(MLFORGE_WALK_ROWS("", ROW, "adds r1, r1, #8\n"));
}

#else

static int32_t sum_of_window(const struct mlforge_dsp_plane *plane, const int8_t *x,
			     const uint32_t *weights)
{
	int32_t sum = plane->channel.bias;

	for (int32_t rows = plane->kernel_rows; rows > 0; rows--) {
		for (int32_t word = 0; word < plane->words; word++) {
			sum = mlforge_smlad(*weights, mlforge_load_word(x + 4 * word), sum);
			weights += 2;
		}
		x += plane->row_bytes;
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
			const int32_t odd = column & 1;
			const int32_t sum =
				sum_of_window(plane, x + 2 * (column - odd), plane->weights + odd);

			*to = (int8_t)mlforge_dsp_requantise(sum, plane->channel.factor,
							     plane->channel.power,
							     plane->zero_point);
			to += plane->output_column;
		}
	}
}

#endif

static void begin(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	const int32_t words = words_of(window);

	mlforge_dsp_begin_rows(window, plane, words, words / 2 * 8);
}

static void prepare(const struct mlforge_window *window, const int8_t *weights,
		    struct mlforge_dsp_plane *plane)
{
	uint32_t *to = plane->weights;

	for (int32_t rows = window->kernel_height; rows > 0; rows--) {
		int32_t before = 0;

		for (int32_t taps = window->kernel_width; taps >= 0; taps -= 2) {
			const int32_t first = taps > 0 ? *weights++ : 0;
			const int32_t second = taps > 1 ? *weights++ : 0;

			*to++ = mlforge_dsp_pair_of(first, second);
			*to++ = mlforge_dsp_pair_of(before, first);
			before = second;
		}
	}
}

void mlforge_dsp_depthwise_stride_1_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
				       int8_t *output, void *scratch)
{
	static const struct mlforge_dsp_walk stride_1 = {begin, prepare, walk};

	mlforge_dsp_planes(op, input, output, scratch,
			   2 * op->window.kernel_height * words_of(&op->window), &stride_1);
}
