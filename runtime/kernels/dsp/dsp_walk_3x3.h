/* SPDX-License-Identifier: Apache-2.0
 *
 * The frame of the walks over 3x3 windows, which differ in stride and requantisation. Private to
 * runtime/kernels.
 *
 *   r0 the plane, r1 its elements, r2 the output, r3 from a row of the plane to the next, lr
 * columns to go, r4..r8 elements and taps, r9..r12 four accumulators.
 */
#ifndef MLFORGE_KERNELS_DSP_WALK_3X3_H_
#define MLFORGE_KERNELS_DSP_WALK_3X3_H_

#include "dsp_walk.h"

/* A walk, from sequences for four windows (which leave r1 two rows further), for two, and for
 * requantisation; `advance` is what four windows take of a row, in bytes. */
#define MLFORGE_WALK_3X3(FOUR, TWO, FINISH, advance)                                               \
	"push {r4-r11, lr}\n"                                                                      \
	"mov r0, r1\n"                                                                             \
	"ldrd r3, r1, [r0, #44]\n"                                                                 \
	"ldrd r2, lr, [r0, #52]\n"                                                                 \
	"1:\n"                                                                                     \
	"subs lr, lr, #4\n"                                                                        \
	"blt 3f\n"                                                                                 \
	"2:\n" FOUR MLFORGE_LOAD_FINISH "sub r1, r1, r3, lsl #1\n"                                 \
	"adds r1, r1, #" advance "\n" FINISH("r9", "r8") "strb r9, [r2]\n" FINISH(                 \
		"r10",                                                                             \
		"r8") "strb r10, [r2, r7]\n"                                                       \
		      "add r2, r2, r7, lsl #1\n" FINISH("r11", "r8") "strb r11, [r2]\n" FINISH(    \
			      "r12",                                                               \
			      "r8") "strb r12, [r2, r7]\n"                                         \
				    "add r2, r2, r7, lsl #1\n"                                     \
				    "subs lr, lr, #4\n"                                            \
				    "bge 2b\n"                                                     \
				    "3:\n"                                                         \
				    "adds lr, lr, #4\n"                                            \
				    "beq 6f\n"                                                     \
				    "cmp lr, #2\n"                                                 \
				    "bgt 4f\n" TWO MLFORGE_LOAD_FINISH "cmp lr, #2\n"              \
				    "beq 7f\n"                                                     \
				    "b 5f\n"                                                       \
				    "4:\n" FOUR MLFORGE_LOAD_FINISH FINISH(                        \
					    "r11",                                                 \
					    "r8") "strb r11, [r2, r7, lsl #1]\n"                   \
						  "7:\n" FINISH(                                   \
							  "r10",                                   \
							  "r8") "strb r10, [r2, r7]\n"             \
								"5:\n" FINISH(                     \
									"r9",                      \
									"r8") "strb r9, [r2]\n"    \
									      "6:\n"               \
									      "ldrd lr, r6, [r0, " \
									      "#56]\n"             \
									      "ldrd r4, r5, [r0, " \
									      "#64]\n"             \
									      "subs r6, r6, #1\n"  \
									      "str r6, [r0, "      \
									      "#60]\n"             \
									      "add r1, r1, r4\n"   \
									      "add r2, r2, r5\n"   \
									      "bne 1b\n"           \
									      "pop {r4-r11, pc}\n"

/* What is the same for all channels; `advance` as above. */
static inline void mlforge_dsp_begin_3x3(struct mlforge_dsp_plane *plane, int32_t advance)
{
	const int32_t blocks = plane->columns / 4;
	const int32_t back = plane->columns % 4 ? 2 * plane->row_bytes : 0;

	plane->x_advance = plane->step_bytes - blocks * advance - back;
	plane->output_advance = plane->output_row - 4 * blocks * plane->output_column;
}

void mlforge_dsp_prepare_3x3(const struct mlforge_window *window, const int8_t *weights,
			     struct mlforge_dsp_plane *plane);

/* The same walk for any core; `stride` counts columns. */
void mlforge_dsp_walk_3x3_portable(struct mlforge_dsp_plane *plane, int32_t stride);

#endif /* MLFORGE_KERNELS_DSP_WALK_3X3_H_ */
