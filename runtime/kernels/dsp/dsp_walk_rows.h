/* SPDX-License-Identifier: Apache-2.0
 *
 * The frame of the walks over windows of any size, four neighbouring outputs at a time. Private to
 * runtime/kernels.
 *
 *   r0 the plane, r1 its elements, r2 the weights, r8..r11 four sums, lr rows of the kernel to go.
 */
#ifndef MLFORGE_KERNELS_DSP_WALK_ROWS_H_
#define MLFORGE_KERNELS_DSP_WALK_ROWS_H_

#include "dsp_walk.h"

/* A walk, from the sequence for one row of the kernel. `START` comes before the first row; both
 * have r3..r7 and r12 to themselves. `advance` leads r1 from a block of four windows to the next;
 * it may use r3. */
#define MLFORGE_WALK_ROWS(START, ROW, ADVANCE)                                                                                                                 \
	"push {r4-r11, lr}\n"                                                                                                                                  \
	"mov r0, r1\n"                                                                                                                                         \
	"ldr r1, [r0, #48]\n"                                                                                                                                  \
	"1:\n"                                                                                                                                                 \
	"ldr r3, [r0, #56]\n"                                                                                                                                  \
	"str r3, [r0, #104]\n"                                                                                                                                 \
	"2:\n"                                                                                                                                                 \
	"ldrd r2, lr, [r0, #80]\n"                                                                                                                             \
	"ldr r8, [r0, #8]\n"                                                                                                                                   \
	"mov r9, r8\n"                                                                                                                                         \
	"mov r10, r8\n"                                                                                                                                        \
	"mov r11, r8\n" START "3:\n" ROW "ldr r12, [r0, #92]\n"                                                                                                \
	"add r1, r1, r12\n"                                                                                                                                    \
	"subs lr, lr, #1\n"                                                                                                                                    \
	"bne 3b\n" MLFORGE_LOAD_FINISH "ldr r1, [r0, #48]\n"                                                                                                   \
	"ldr r2, [r0, #52]\n"                                                                                                                                  \
	"ldr lr, [r0, #104]\n" ADVANCE "str r1, [r0, #48]\n"                                                                                                   \
	"subs lr, lr, #4\n"                                                                                                                                    \
	"blt 7f\n" MLFORGE_FINISH_ANY("r8", "r12") "strb r8, [r2]\n" MLFORGE_FINISH_ANY(                                                                       \
		"r9",                                                                                                                                          \
		"r12") "strb r9, [r2, r7]\n"                                                                                                                   \
		       "add r2, r2, r7, lsl #1\n" MLFORGE_FINISH_ANY(                                                                                          \
			       "r10",                                                                                                                          \
			       "r12") "strb r10, [r2]\n" MLFORGE_FINISH_ANY("r11",                                                                             \
									    "r12") "strb r11, "                                                                \
										   "[r2, r7]\n"                                                                \
										   "add r2, r2, "                                                              \
										   "r7, lsl #1\n"                                                              \
										   "str r2, [r0, "                                                             \
										   "#52]\n"                                                                    \
										   "str lr, [r0, "                                                             \
										   "#104]\n"                                                                   \
										   "bne 2b\n"                                                                  \
										   "b 8f\n"                                                                    \
										   "7:"                                                                        \
										   "\n" MLFORGE_FINISH_ANY(                                                    \
											   "r8",                                                               \
											   "r12") "strb r8, [r2]\n"                                            \
												  "cmp lr, #-2\n"                                              \
												  "blt 8f\n" MLFORGE_FINISH_ANY(                               \
													  "r9",                                                \
													  "r12") "strb r9, [r2, r7]\n"                         \
														 "beq 8f\n" MLFORGE_FINISH_ANY(                \
															 "r10",                                \
															 "r12") "strb r10, [r2, r7, lsl #1]\n" \
																"8:\n"                         \
																"ldrd r3, r4, [r0, #64]\n"     \
																"ldr r5, [r0, #60]\n"          \
																"add r1, r1, r3\n"             \
																"add r2, r2, r4\n"             \
																"strd r1, r2, [r0, #48]\n"     \
																"subs r5, r5, #1\n"            \
																"str r5, [r0, #60]\n"          \
																"bne 1b\n"                     \
																"pop {r4-r11, pc}\n"

/* What is the same for all channels: `words` of weights a row of the kernel, which lead `row_bytes`
 * through a row of the plane. */
static inline void mlforge_dsp_begin_rows(const struct mlforge_window *window,
					  struct mlforge_dsp_plane *plane, int32_t words,
					  int32_t row_bytes)
{
	const int32_t blocks = plane->columns / 4;
	const int32_t all_blocks = (plane->columns + 3) / 4;

	plane->kernel_rows = window->kernel_height;
	plane->words = words;
	plane->kernel_row_advance = plane->row_bytes - row_bytes;
	plane->column_bytes = 2 * window->stride_width;
	plane->x_advance = plane->step_bytes - 4 * all_blocks * plane->column_bytes;
	plane->output_advance = plane->output_row - 4 * blocks * plane->output_column;
}

#endif /* MLFORGE_KERNELS_DSP_WALK_ROWS_H_ */
