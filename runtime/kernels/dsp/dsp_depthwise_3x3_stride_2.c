/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise 3x3 for DSP, stride 2 along the rows: each output multiplies a word by taps 0 and 1 and
 * half of the next by tap 2.
 */
#include "dsp_walk_3x3.h"

#if MLFORGE_DSP

#define ROW_OF_TWO(offset)                                                                         \
	"ldm r1, {r4, r5, r6}\n"                                                                   \
	"ldrd r7, r8, [r0, #" offset "]\n"                                                         \
	"smlad r9, r7, r4, r9\n"                                                                   \
	"smlad r10, r7, r5, r10\n"                                                                 \
	"smlatb r9, r8, r5, r9\n"                                                                  \
	"smlatb r10, r8, r6, r10\n"
#define TWO                                                                                        \
	"ldr r9, [r0, #8]\n"                                                                       \
	"mov r10, r9\n" ROW_OF_TWO("0") "add r1, r1, r3\n" ROW_OF_TWO(                             \
		"28") "add r1, r1, r3\n" ROW_OF_TWO("36")

#define REST_OF_FOUR                                                                               \
	"ldrd r4, r5, [r1, #12]\n"                                                                 \
	"smlad r11, r7, r6, r11\n"                                                                 \
	"smlad r12, r7, r4, r12\n"                                                                 \
	"smlatb r11, r8, r4, r11\n"                                                                \
	"smlatb r12, r8, r5, r12\n"
#define FOUR                                                                                       \
	"ldm r1, {r4, r5, r6}\n"                                                                   \
	"ldm r0, {r7, r8, r12}\n"                                                                  \
	"smlad r9, r7, r4, r12\n"                                                                  \
	"smlad r10, r7, r5, r12\n"                                                                 \
	"smlatb r9, r8, r5, r9\n"                                                                  \
	"smlatb r10, r8, r6, r10\n"                                                                \
	"ldrd r4, r5, [r1, #12]\n"                                                                 \
	"smlad r11, r7, r6, r12\n"                                                                 \
	"smlad r12, r7, r4, r12\n"                                                                 \
	"smlatb r11, r8, r4, r11\n"                                                                \
	"smlatb r12, r8, r5, r12\n"                                                                \
	"add r1, r1, r3\n" ROW_OF_TWO("28") REST_OF_FOUR "add r1, r1, r3\n" ROW_OF_TWO("36")       \
		REST_OF_FOUR

static MLFORGE_WALK(walk)
{
	__asm__ volatile(MLFORGE_WALK_3X3(FOUR, TWO, MLFORGE_FINISH_ANY, "16"));
}

static MLFORGE_WALK(walk_relu)
{
	__asm__ volatile(MLFORGE_WALK_3X3(FOUR, TWO, MLFORGE_FINISH_RELU, "16"));
}

#else

static void walk(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	(void)window;
	mlforge_dsp_walk_3x3_portable(plane, 2);
}

#define walk_relu walk

#endif

static void begin(const struct mlforge_window *window, struct mlforge_dsp_plane *plane)
{
	(void)window;
	mlforge_dsp_begin_3x3(plane, 16);
}

void mlforge_dsp_depthwise_3x3_stride_2_s8(const struct mlforge_dsp_depthwise *op,
					   const int8_t *input, int8_t *output, void *scratch)
{
	static const struct mlforge_dsp_walk any = {begin, mlforge_dsp_prepare_3x3, walk};

	mlforge_dsp_planes(op, input, output, scratch, 0, &any);
}

void mlforge_dsp_depthwise_3x3_stride_2_relu_s8(const struct mlforge_dsp_depthwise *op,
						const int8_t *input, int8_t *output, void *scratch)
{
	static const struct mlforge_dsp_walk relu = {begin, mlforge_dsp_prepare_3x3, walk_relu};

	mlforge_dsp_planes(op, input, output, scratch, 0, &relu);
}
