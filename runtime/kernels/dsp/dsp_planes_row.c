/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows of four channels, from channels-last int8 into four planes of int16: four elements at a
 * time, which are four loads, four packings, eight extensions and four stores of two words.
 */
#include "dsp_planes.h"

#if MLFORGE_DSP

/* r0 from, r1 step, r2 and r4..r6 the planes, r3 padding, lr elements to go less 4, r7..r10 four
 * elements. On the stack: 0 the job, 4 rows to go, 8 whether it is odd. */
MLFORGE_ASSEMBLY void mlforge_dsp_bring_rows(struct mlforge_dsp_rows *of MLFORGE_IN_ARGUMENT,
					     int32_t rows MLFORGE_IN_ARGUMENT,
					     int32_t is_odd MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile("push {r0, r1, r2, r4-r11, lr}\n"
			 "mov r12, r0\n"
			 "ldmia.w r12, {r0, r1, r2}\n"
			 "5:\n"
			 "ldrd r3, lr, [r12, #12]\n"
			 "add r4, r2, r3\n"
			 "add r5, r4, r3\n"
			 "add r6, r5, r3\n"
			 "ldr r3, [r12, #20]\n"
			 "ldr r7, [sp, #8]\n"
			 "cbz r7, 3f\n"
			 "mov r7, r3\n"
			 "ldr r8, [r0]\n"
			 "ldr r9, [r0, r1]\n"
			 "ldr r10, [r0, r1, lsl #1]\n"
			 "add r0, r0, r1\n"
			 "add r0, r0, r1, lsl #1\n"
			 "subs lr, lr, #3\n"
			 "b 2f\n"
			 "1:\n"
			 "ldr r7, [r0]\n"
			 "ldr r8, [r0, r1]\n"
			 "add r0, r0, r1, lsl #1\n"
			 "ldr r9, [r0]\n"
			 "ldr r10, [r0, r1]\n"
			 "add r0, r0, r1, lsl #1\n"
			 "2:\n"
			 "pkhbt r11, r7, r8, lsl #16\n"
			 "pkhtb r8, r8, r7, asr #16\n"
			 "pkhbt r7, r9, r10, lsl #16\n"
			 "pkhtb r10, r10, r9, asr #16\n"
			 "sxtb16 r9, r11\n"
			 "sxtb16 r12, r7\n"
			 "strd r9, r12, [r2], #8\n"
			 "sxtb16 r11, r11, ror #8\n"
			 "sxtb16 r7, r7, ror #8\n"
			 "strd r11, r7, [r4], #8\n"
			 "sxtb16 r9, r8\n"
			 "sxtb16 r12, r10\n"
			 "strd r9, r12, [r5], #8\n"
			 "sxtb16 r8, r8, ror #8\n"
			 "sxtb16 r10, r10, ror #8\n"
			 "strd r8, r10, [r6], #8\n"
			 "3:\n"
			 "subs lr, lr, #4\n"
			 "bge 1b\n"
			 "adds lr, lr, #4\n"
			 "ble 4f\n"
			 "mov r8, r3\n"
			 "mov r9, r3\n"
			 "mov r10, r3\n"
			 "ldr r7, [r0]\n"
			 "cmp lr, #2\n"
			 "it ge\n"
			 "ldrge r8, [r0, r1]\n"
			 "it gt\n"
			 "ldrgt r9, [r0, r1, lsl #1]\n"
			 "movs lr, #0\n"
			 "b 2b\n"
			 "4:\n"
			 "ldr r12, [sp]\n"
			 "ldmia.w r12, {r0, r1, r2}\n"
			 "ldrd r3, r4, [r12, #24]\n"
			 "ldr r5, [sp, #4]\n"
			 "add r0, r0, r3\n"
			 "add r2, r2, r4\n"
			 "stmia.w r12, {r0, r1, r2}\n"
			 "subs r5, r5, #1\n"
			 "str r5, [sp, #4]\n"
			 "bne 5b\n"
			 "add sp, sp, #12\n"
			 "pop {r4-r11, pc}\n");
}

#else

static uint32_t load(const int8_t *from, int32_t step, int32_t i, int32_t count, uint32_t padding)
{
	return i >= 0 && i < count ? mlforge_load_word(from + i * step) : padding;
}

static void bring_row(const int8_t *from, int32_t step, int8_t *to, int32_t plane_bytes,
		      int32_t count, uint32_t padding, int32_t is_odd)
{
	for (int32_t i = is_odd ? -1 : 0; i < count; i += 4) {
		const uint32_t a = load(from, step, i, count, padding);
		const uint32_t b = load(from, step, i + 1, count, padding);
		const uint32_t c = load(from, step, i + 2, count, padding);
		const uint32_t d = load(from, step, i + 3, count, padding);
		uint32_t ab = mlforge_pkhbt(a, b); /* channels 0 and 1 of two elements */
		uint32_t cd = mlforge_pkhbt(c, d);

		mlforge_store_words(to, mlforge_even_bytes(ab), mlforge_even_bytes(cd));
		mlforge_store_words(to + plane_bytes, mlforge_odd_bytes(ab), mlforge_odd_bytes(cd));
		ab = mlforge_pkhtb(a, b);
		cd = mlforge_pkhtb(c, d);
		mlforge_store_words(to + 2 * plane_bytes, mlforge_even_bytes(ab),
				    mlforge_even_bytes(cd));
		mlforge_store_words(to + 3 * plane_bytes, mlforge_odd_bytes(ab),
				    mlforge_odd_bytes(cd));
		to += 8;
	}
}

void mlforge_dsp_bring_rows(struct mlforge_dsp_rows *of, int32_t rows, int32_t is_odd)
{
	const int8_t *from = of->from;
	int8_t *to = of->to;

	for (; rows > 0; rows--) {
		bring_row(from, of->step, to, of->plane_bytes, of->count, of->padding, is_odd);
		from += of->from_row;
		to += of->to_row;
	}
}

#endif
