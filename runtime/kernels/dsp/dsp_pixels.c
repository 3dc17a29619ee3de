/* SPDX-License-Identifier: Apache-2.0
 *
 * Three pixels against two channels: six sums, three words of the windows and two of the weights
 * take all fourteen registers. Compilers spill them; hence the assembly, whose portable twin stands
 * below it.
 */
#include "dsp_pixels.h"

#if MLFORGE_DSP

/* Half a quad: r9 or r10 holds the weights, lr points to the windows, which end at r11. r0..r2 are
 * the sums of channel A, r3..r5 those of B and A. */
#define HALF(weights)                                                                              \
	"ldmia.w lr!, {r6, r7, r8}\n"                                                              \
	"smlad r3, " weights ", r6, r3\n"                                                          \
	"smlad r4, " weights ", r7, r4\n"                                                          \
	"smlad r5, " weights ", r8, r5\n"                                                          \
	"sxtb16 " weights ", " weights "\n"                                                        \
	"smlad r0, " weights ", r6, r0\n"                                                          \
	"smlad r1, " weights ", r7, r1\n"                                                          \
	"smlad r2, " weights ", r8, r2\n"

#define QUAD       "ldrd r9, r10, [r12], #8\n" HALF("r9") HALF("r10")
#define QUAD_BYTES "68"

/* mlforge_dsp_requantise, but for the saturated byte's way to the output; r10 is the zero point. */
#define SCALE(to, sum, factor, power)                                                              \
	"add.w " to ", " sum ", " sum ", asr #31\n"                                                \
	"smmlar " to ", " sum ", " factor ", " to "\n"                                             \
	"smmlar " to ", " to ", " power ", r10\n"                                                  \
	"ssat " to ", #8, " to "\n"

/* The same where negative sums are all one. */
#define SCALE_POSITIVE(to, sum, factor, power)                                                     \
	"smmlar " to ", " sum ", " factor ", " sum "\n"                                            \
	"smmlar " to ", " to ", " power ", r10\n"                                                  \
	"ssat " to ", #8, " to "\n"

#define FINISH(SCALE_BY, a, b, to)                                                                 \
	SCALE_BY("lr", a, "r6", "r7")                                                              \
	SCALE_BY(a, b, "r8", "r9")                                                                 \
	"bfi lr, " a ", #8, #8\n"                                                                  \
	"strh.w lr, " to "\n"

#define FINISH_ALL(SCALE_BY)                                                                       \
	"add.w r10, r10, #8\n"                                                                     \
	"ldmia.w r10!, {r6, r7, r8, r9}\n"                                                         \
	"add.w lr, r11, #2\n"                                                                      \
	"strd r10, lr, [sp]\n"                                                                     \
	"ldr.w r10, [sp, #12]\n" FINISH(SCALE_BY, "r0", "r3",                                      \
					"[r11]") "ldr r0, [sp, #16]\n" FINISH(SCALE_BY, "r1",      \
									      "r4", "[r11, r0]")   \
		FINISH(SCALE_BY, "r2", "r5", "[r11, r0, lsl #1]") "ldr r0, [sp, #32]\n"            \
								  "cmp r11, r0\n"                  \
								  "bne.w 1b\n"

/* On the stack: struct mlforge_dsp_pixels up to the weights, with addresses for relu (where sums
 * are finished) and skip (where the loop over quads is entered). */
MLFORGE_ASSEMBLY void mlforge_dsp_pixels_3(const struct mlforge_dsp_pixels *op MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile(
		"push {r4-r11, lr}\n"
		"ldmia.w r0, {r1-r10}\n"
		"mov r12, r10\n"
		"movs r0, #" QUAD_BYTES "\n"
		"adr.w r10, 2f\n"
		"mla r8, r8, r0, r10\n"
		"orr r8, r8, #1\n"
		"cmp r3, #0\n"
		"adr.w r3, 3f\n"
		"it ne\n"
		"adrne.w r3, 4f\n"
		"orr r3, r3, #1\n"
		"push {r1-r9}\n"
		"1:\n"
		"ldr.w r11, [sp]\n"
		"ldrd r0, r3, [r11]\n"
		"ldrd lr, r11, [sp, #20]\n"
		"mov r1, r0\n"
		"mov r2, r0\n"
		"mov r4, r3\n"
		"mov r5, r3\n"
		"ldr.w pc, [sp, #28]\n"
		"2:\n" /* clang-format off */
		QUAD
		QUAD
		QUAD
		QUAD
		QUAD
		QUAD
		QUAD
		QUAD /* clang-format on */
		"cmp lr, r11\n"
		"bne.w 2b\n"
		"subs r3, r3, r0\n"
		"subs r4, r4, r1\n"
		"subs r5, r5, r2\n"
		"asrs r3, r3, #8\n"
		"asrs r4, r4, #8\n"
		"asrs r5, r5, #8\n"
		"ldmia.w sp, {r10, r11, pc}\n"
		"3:\n" /* clang-format off */
		FINISH_ALL(SCALE)
		"b.n 5f\n"
		"4:\n"
		FINISH_ALL(SCALE_POSITIVE)
		"5:\n" /* clang-format on */
								 "add sp, sp, #36\n"
								 "pop {r4-r11, pc}\n");
}

/* A quad of each of three runs. */
#define EXPAND                                                                                     \
	"ldr r4, [r0], #4\n"                                                                       \
	"ldr r5, [r1], #4\n"                                                                       \
	"ldr r6, [r2], #4\n"                                                                       \
	"sxtb16 r7, r4\n"                                                                          \
	"sxtb16 r8, r5\n"                                                                          \
	"sxtb16 r9, r6\n"                                                                          \
	"stmia.w r12!, {r7, r8, r9}\n"                                                             \
	"sxtb16 r4, r4, ror #8\n"                                                                  \
	"sxtb16 r5, r5, ror #8\n"                                                                  \
	"sxtb16 r6, r6, ror #8\n"                                                                  \
	"stmia.w r12!, {r4, r5, r6}\n"

MLFORGE_ASSEMBLY uint32_t *mlforge_dsp_expand_3(const int8_t *a MLFORGE_IN_ARGUMENT,
						const int8_t *b MLFORGE_IN_ARGUMENT,
						const int8_t *c MLFORGE_IN_ARGUMENT,
						int32_t quads MLFORGE_IN_ARGUMENT,
						uint32_t *to MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile("ldr.w r12, [sp]\n"
			 "push {r4-r9, lr}\n"
			 "adds r3, r3, #1\n"
			 "lsrs r3, r3, #1\n"
			 "bcc.n 2f\n"       /* an odd number */
			 "1:\n" /* clang-format off */
			 EXPAND
			 "2:\n"
			 EXPAND /* clang-format on */
			 "subs r3, r3, #1\n"
			 "bne.n 1b\n"
			 "mov r0, r12\n"
			 "pop {r4-r9, pc}\n");
}

#else

void mlforge_dsp_pixels_3(const struct mlforge_dsp_pixels *op)
{
	const uint32_t *w = op->weights;
	int8_t *output = op->output;

	for (const struct mlforge_dsp_pair *pair = op->pairs; output <= op->last; pair++) {
		int32_t a[3], both[3];

		for (int p = 0; p < 3; p++) {
			a[p] = pair->sum_a;
			both[p] = pair->sum_both;
		}
		for (const uint32_t *x = op->x; x != op->x_end; x += 3) {
			for (int p = 0; p < 3; p++) {
				a[p] = mlforge_smlad(mlforge_even_bytes(*w), x[p], a[p]);
				both[p] = mlforge_smlad(*w, x[p], both[p]);
			}
			w++;
		}
		for (int p = 0; p < 3; p++) {
			const int32_t b = (int32_t)((uint32_t)both[p] - (uint32_t)a[p]) >> 8;
			int8_t *to = output + (uint32_t)p * op->stride;

			to[0] = (int8_t)mlforge_dsp_requantise(a[p], pair->factor_a, pair->power_a,
							       op->zero_point);
			to[1] = (int8_t)mlforge_dsp_requantise(b, pair->factor_b, pair->power_b,
							       op->zero_point);
		}
		output += 2;
	}
}

uint32_t *mlforge_dsp_expand_3(const int8_t *a, const int8_t *b, const int8_t *c, int32_t quads,
			       uint32_t *to)
{
	const int8_t *runs[3] = {a, b, c};

	for (int32_t q = 0; q < quads; q++) {
		for (int p = 0; p < 3; p++) {
			const uint32_t word = mlforge_load_word(runs[p] + 4 * q);

			to[p] = mlforge_even_bytes(word);
			to[p + 3] = mlforge_odd_bytes(word);
		}
		to += 6;
	}
	return to;
}

#endif
