/* SPDX-License-Identifier: Apache-2.0
 *
 * Five or four pixels against one channel after the other, in assembly: five sums, five words of
 * the windows, two of the weights and two pointers take all fourteen registers. Compilers spill
 * them. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_DSP_PIXELS_WALK_H_
#define MLFORGE_KERNELS_DSP_PIXELS_WALK_H_

#include "dsp_pixels.h"

#if MLFORGE_DSP

/* Products of the first four windows; the first of a channel start at r4. */
#define MLFORGE_FOUR(weights)                                                                      \
	"smlad r0, " weights ", r5, r0\n"                                                          \
	"smlad r1, " weights ", r6, r1\n"                                                          \
	"smlad r2, " weights ", r7, r2\n"                                                          \
	"smlad r3, " weights ", r8, r3\n"
#define MLFORGE_FIRST_FOUR(weights)                                                                \
	"smlad r0, " weights ", r5, r4\n"                                                          \
	"smlad r1, " weights ", r6, r4\n"                                                          \
	"smlad r2, " weights ", r7, r4\n"                                                          \
	"smlad r3, " weights ", r8, r4\n"

/* lr points to the windows. FIRST and ALL take the weights. */
#define MLFORGE_QUAD(FIRST, ALL, weights)                                                          \
	"ldmia.w lr!, {r5, r6, r7, r8, r9}\n" FIRST(                                               \
		weights) "sxtb16 " weights ", " weights "\n"                                       \
			 "ldmia.w lr!, {r5, r6, r7, r8, r9}\n" ALL(weights)

/* r12 points to the weights. */
#define MLFORGE_TWO_QUADS(ALL)                                                                     \
	"ldrd r10, r11, [r12], #8\n" MLFORGE_QUAD(ALL, ALL, "r10") MLFORGE_QUAD(ALL, ALL, "r11")

/* A sum to int8 and out. r10 is the multiplier, r11 the power, r8 64, r9 the zero point. */
#define MLFORGE_SCALE(sum, to)                                                                     \
	"lsr.w lr, " sum ", #31\n"                                                                 \
	"smmla " sum ", " sum ", r10, r8\n"                                                        \
	"sub.w " sum ", " sum ", lr, lsl #7\n"                                                     \
	"smmlar " sum ", " sum ", r11, r9\n"                                                       \
	"ssat " sum ", #8, " sum "\n"                                                              \
	"strb.w " sum ", " to "\n"

/* The same where negative sums are all one. */
#define MLFORGE_SCALE_POSITIVE(sum, to)                                                            \
	"smmla " sum ", " sum ", r10, r8\n"                                                        \
	"smmlar " sum ", " sum ", r11, r9\n"                                                       \
	"ssat " sum ", #8, " sum "\n"                                                              \
	"strb.w " sum ", " to "\n"

/* r5 is the output, r6 the table of sums, r7 the stride; FIFTH is what a fifth sum takes. */
#define MLFORGE_FINISH(SCALE, FIFTH)                                                               \
	"ldmia.w r6!, {r10, r11}\n" SCALE("r0", "[r5]") SCALE("r1", "[r5, r7]") SCALE(             \
		"r2", "[r5, r7, lsl #1]") "add.w r0, r5, r7, lsl #1\n" SCALE("r3", "[r0, r7]")     \
		FIFTH(SCALE) "ldr.w r4, [r6], #4\n"                                                \
			     "adds r5, r5, #1\n"                                                   \
			     "strd r5, r6, [sp]\n"                                                 \
			     "ldrd r8, lr, [sp, #24]\n"                                            \
			     "cmp r5, r8\n"                                                        \
			     "beq.w 8f\n"                                                          \
			     "ldr.w pc, [sp, #32]\n"                                               \
			     ".balign 4\n"

/* A walk through all channels, and behind it `enter`, which says where it goes on. UNROLLED are
 * `count` times MLFORGE_TWO_QUADS, each of `bytes`. The begin of struct mlforge_dsp_pixels is
 * copied to the stack. A channel begins with one quad or two, so that pairs are left. */
#define MLFORGE_WALK_PIXELS(enter, FIRST, ALL, FIFTH, UNROLLED, count, bytes)                      \
	"push {r4-r11, lr}\n"                                                                      \
	"sub sp, sp, #48\n"                                                                        \
	"mov r12, sp\n"                                                                            \
	"ldmia.w r0!, {r1, r2, r3, r5, r6, r7}\n"                                                  \
	"ldr.w r4, [r2], #4\n"                                                                     \
	"stmia.w r12!, {r1, r2, r3, r5, r6, r7}\n"                                                 \
	"ldmia.w r0!, {r5, r6, r7, r8, r9, r10}\n"                                                 \
	"stmia.w r12, {r5, r6, r7, r8, r9, r10}\n"                                                 \
	"ldr.w r12, [r0]\n"                                                                        \
	"mov lr, r6\n"                                                                             \
	"bx r7\n"                                                                                  \
	".balign 4\n"                                                                              \
	"2:\n"                                                                                     \
	"ldrd r10, r11, [r12], #8\n" MLFORGE_QUAD(FIRST, ALL, "r10") MLFORGE_QUAD(                 \
		ALL, ALL,                                                                          \
		"r11") "ldr.w pc, [sp, #36]\n"                                                     \
		       ".balign 4\n"                                                               \
		       "3:\n"                                                                      \
		       "ldr.w r11, [r12], #4\n" MLFORGE_QUAD(                                      \
			       FIRST, ALL,                                                         \
			       "r11") "ldr.w"                                                      \
				      " pc, "                                                      \
				      "[sp, "                                                      \
				      "#36]"                                                       \
				      "\n"                                                         \
				      ".balign 4\n"                                                \
				      "4:\n" UNROLLED "ldmia.w sp, {r5, r6, r7, r8, r9, pc}\n"     \
				      ".balign 4\n"                                                \
				      "5:\n" MLFORGE_FINISH(                                       \
					      MLFORGE_SCALE,                                       \
					      FIFTH) "6:\n" MLFORGE_FINISH(MLFORGE_SCALE_POSITIVE, \
									   FIFTH) "7:\n"           \
										  "ldr.w r10, "    \
										  "[sp, #40]\n"    \
										  "cmp lr, r10\n"  \
										  "bne.w 4b\n"     \
										  "ldr.w pc, "     \
										  "[sp, #44]\n"    \
										  "8:\n"           \
										  "add sp, sp, "   \
										  "#48\n"          \
										  "pop {r4-r11, "  \
										  "pc}\n"          \
										  ".balign 4\n"    \
										  ".global " enter \
										  "\n"             \
										  ".type " enter   \
										  ", %function\n"  \
										  ".thumb_"        \
										  "func\n" enter   \
										  ":\n"            \
										  "ldrd r2, r3, "  \
										  "[r0, #52]\n"    \
										  "adr.w r1, 5b "  \
										  "+ 1\n"          \
										  "cmp r3, #0\n"   \
										  "it ne\n"        \
										  "adrne.w r1, "   \
										  "6b + 1\n"       \
										  "str.w r1, "     \
										  "[r0, #44]\n"    \
										  "adr.w r3, 2b "  \
										  "+ 1\n"          \
										  "tst.w r2, #1\n" \
										  "it ne\n"        \
										  "adrne.w r3, "   \
										  "3b + 1\n"       \
										  "str.w r3, "     \
										  "[r0, #32]\n"    \
										  "subs r2, r2, "  \
										  "#1\n"           \
										  "lsrs r2, r2, "  \
										  "#1\n"           \
										  "ite eq\n"       \
										  "moveq.w r3, "   \
										  "#" count "\n"   \
										  "rsbne.w r3, "   \
										  "r2, #0\n"       \
										  "it ne\n"        \
										  "andne.w r3, "   \
										  "r3, #" count    \
										  " - 1\n"         \
										  "cmp.w r2, "     \
										  "#" count "\n"   \
										  "it gt\n"        \
										  "adrgt.w r1, "   \
										  "7b + 1\n"       \
										  "str.w r1, "     \
										  "[r0, #20]\n"    \
										  "mov.w r2, "     \
										  "#" bytes "\n"   \
										  "adr.w r1, 4b "  \
										  "+ 1\n"          \
										  "mla r3, r3, "   \
										  "r2, r1\n"       \
										  "str.w r3, "     \
										  "[r0, #36]\n"    \
										  "bx lr\n"

#endif

#endif /* MLFORGE_KERNELS_DSP_PIXELS_WALK_H_ */
