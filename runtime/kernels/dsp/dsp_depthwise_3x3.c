/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise 3x3 for DSP, stride 1 along the rows. Of four neighbouring outputs, the first and third
 * multiply a word by taps 0 and 1 and half of the next by tap 2, the second and fourth half a word
 * by tap 0 and the next by taps 1 and 2.
 */
#include "dsp_walk_3x3.h"

#if MLFORGE_DSP

#define REST_OF_FOUR                                                                               \
	"smlatb r9, r8, r5, r9\n"                                                                  \
	"smlad r10, r8, r5, r10\n"                                                                 \
	"smlatb r11, r8, r6, r11\n"                                                                \
	"smlad r12, r8, r6, r12\n"
#define ROW_OF_FOUR(offset)                                                                        \
	"ldm r1, {r4, r5, r6}\n"                                                                   \
	"ldrd r7, r8, [r0, #" offset "]\n"                                                         \
	"smlad r9, r7, r4, r9\n"                                                                   \
	"smlabt r10, r7, r4, r10\n"                                                                \
	"smlad r11, r7, r5, r11\n"                                                                 \
	"smlabt r12, r7, r5, r12\n" REST_OF_FOUR
#define FOUR                                                                                       \
	"ldm r1, {r4, r5, r6}\n"                                                                   \
	"ldm r0, {r7, r8, r12}\n"                                                                  \
	"add r1, r1, r3\n"                                                                         \
	"smlad r9, r7, r4, r12\n"                                                                  \
	"smlabt r10, r7, r4, r12\n"                                                                \
	"smlad r11, r7, r5, r12\n"                                                                 \
	"smlabt r12, r7, r5, r12\n" REST_OF_FOUR ROW_OF_FOUR("28") "add r1, r1, r3\n" ROW_OF_FOUR( \
		"36")

#define ROW_OF_TWO(offset)                                                                         \
	"ldrd r4, r5, [r1]\n"                                                                      \
	"ldrd r7, r8, [r0, #" offset "]\n"                                                         \
	"smlad r9, r7, r4, r9\n"                                                                   \
	"smlabt r10, r7, r4, r10\n"                                                                \
	"smlatb r9, r8, r5, r9\n"                                                                  \
	"smlad r10, r8, r5, r10\n"
#define TWO                                                                                        \
	"ldr r9, [r0, #8]\n"                                                                       \
	"mov r10, r9\n" ROW_OF_TWO("0") "add r1, r1, r3\n" ROW_OF_TWO(                             \
		"28") "add r1, r1, r3\n" ROW_OF_TWO("36")

static MLFORGE_WALK(walk)
{
	__asm__ volatile(MLFORGE_WALK_3X3(FOUR, TWO, MLFORGE_FINISH_ANY, "8"));
}

static MLFORGE_WALK(walk_relu)
{
	__asm__ volatile(MLFORGE_WALK_3X3(FOUR, TWO, MLFORGE_FINISH_RELU, "8"));
}

#else

static void walk(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	(void)window;
	mlforge_dsp_walk_3x3_portable(plane, 1);
}

#define walk_relu walk

#endif

static void begin(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	(void)window;
	mlforge_dsp_begin_3x3(plane, 8);
}

void mlforge_dsp_depthwise_3x3_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
				  int8_t *output, void *scratch)
{
	static const struct mlforge_dsp_walk any = {begin, mlforge_dsp_prepare_3x3, walk};

	mlforge_dsp_planes(op, input, output, scratch, 0, &any);
}

void mlforge_dsp_depthwise_3x3_relu_s8(const struct mlforge_dsp_depthwise *op, const int8_t *input,
				       int8_t *output, void *scratch)
{
	static const struct mlforge_dsp_walk relu = {begin, mlforge_dsp_prepare_3x3, walk_relu};

	mlforge_dsp_planes(op, input, output, scratch, 0, &relu);
}
