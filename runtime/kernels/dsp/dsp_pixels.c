/* SPDX-License-Identifier: Apache-2.0
 *
 * Five pixels, or one, and how windows are expanded.
 */
#include "dsp_pixels_walk.h"

#if MLFORGE_DSP

#define FIVE(weights)       MLFORGE_FOUR(weights) "smlad r4, " weights ", r9, r4\n"
#define FIRST_FIVE(weights) MLFORGE_FIRST_FOUR(weights) "smlad r4, " weights ", r9, r4\n"
#define FIFTH(SCALE)        SCALE("r4", "[r0, r7, lsl #1]")
#define TWO                 MLFORGE_TWO_QUADS(FIVE)

MLFORGE_ASSEMBLY void mlforge_dsp_pixels_5(const struct mlforge_dsp_pixels *job MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile(MLFORGE_WALK_PIXELS("mlforge_dsp_enter_5", FIRST_FIVE, FIVE, FIFTH,
					     TWO TWO TWO TWO TWO TWO TWO TWO, "8", "108"));
}

/* r0..r4 are five quads, r5 where the runs are, r6 the step, r7 three times that, r8 where the
 * words go, r9 and r10 words, r11 129 in each half, r12 what inverts, lr the end of the first run.
 * On the stack: 0 bytes of a run, 40 rows to go, 44 from a row to the next. */
MLFORGE_ASSEMBLY uint32_t *
mlforge_dsp_expand_5(const int8_t *run MLFORGE_IN_ARGUMENT, int32_t step MLFORGE_IN_ARGUMENT,
		     int32_t quads MLFORGE_IN_ARGUMENT, uint32_t *to MLFORGE_IN_ARGUMENT,
		     int32_t rows MLFORGE_IN_ARGUMENT, int32_t row_step MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile("lsls r2, r2, #2\n"
			 "push {r2, r4-r11, lr}\n"
			 "mov r5, r0\n"
			 "mov r6, r1\n"
			 "add.w r7, r1, r1, lsl #1\n"
			 "mov r8, r3\n"
			 "mov.w r11, #0x00810081\n"
			 "mvn.w r12, #0x00800080\n"
			 "add.w lr, r0, r2\n"
			 "1:\n"
			 "ldr.w r1, [r5, r6]\n"
			 "ldr.w r2, [r5, r6, lsl #1]\n"
			 "ldr.w r3, [r5, r7]\n"
			 "ldr.w r4, [r5, r6, lsl #2]\n"
			 "ldr.w r0, [r5], #4\n"
			 "sxtab16 r9, r11, r0\n"
			 "sxtab16 r10, r11, r1\n"
			 "strd r9, r10, [r8], #8\n"
			 "sxtab16 r9, r11, r2\n"
			 "sxtab16 r10, r11, r3\n"
			 "strd r9, r10, [r8], #8\n"
			 "sxtab16 r9, r11, r4\n"
			 "str.w r9, [r8], #4\n"
			 "eor.w r0, r0, r12\n"
			 "eor.w r1, r1, r12\n"
			 "eor.w r2, r2, r12\n"
			 "eor.w r3, r3, r12\n"
			 "eor.w r4, r4, r12\n"
			 "stmia.w r8!, {r0, r1, r2, r3, r4}\n"
			 "cmp r5, lr\n"
			 "bne.n 1b\n"
			 "ldrd r0, r1, [sp, #40]\n"
			 "ldr.w r2, [sp]\n"
			 "subs r0, r0, #1\n"
			 "str.w r0, [sp, #40]\n"
			 "add.w lr, r5, r1\n"
			 "sub.w r5, lr, r2\n"
			 "bne.n 1b\n"
			 "mov r0, r8\n"
			 "pop {r2, r4-r11, pc}\n");
}

/* Two quads of one window: the next sum; moves `weights` and `x` on. */
static inline int32_t two_quads(const uint32_t **weights, const uint32_t **x, int32_t sum)
{
	uint32_t w0, w1, u0, v0, u1, v1;

	__asm__ volatile(
		"ldrd %[w0], %[w1], [%[w]], #8\n"
		"ldrd %[u0], %[v0], [%[x]], #8\n"
		"ldrd %[u1], %[v1], [%[x]], #8\n"
		"smlad %[sum], %[w0], %[u0], %[sum]\n"
		"sxtb16 %[w0], %[w0]\n"
		"smlad %[sum], %[w1], %[u1], %[sum]\n"
		"sxtb16 %[w1], %[w1]\n"
		"smlad %[sum], %[w0], %[v0], %[sum]\n"
		"smlad %[sum], %[w1], %[v1], %[sum]\n"
		: [w0] "=&r"(w0), [w1] "=&r"(w1), [u0] "=&r"(u0), [v0] "=&r"(v0), [u1] "=&r"(u1),
		  [v1] "=&r"(v1), [w] "+r"(*weights), [x] "+r"(*x), [sum] "+r"(sum)
		:
		: "memory");
	return sum;
}

#else

void mlforge_dsp_pixels_portable(const struct mlforge_dsp_pixels *job, int windows)
{
	const struct mlforge_dsp_sum *from = job->sums;
	const uint32_t *w = job->weights;

	for (int8_t *output = job->output; output != job->last; output++) {
		for (int p = 0; p < windows; p++) {
			const uint32_t *x = job->x + p;
			int32_t sum = from->start;

			for (uint32_t quad = 0; quad < job->quads; quad++) {
				sum = mlforge_smlad(w[quad], x[0], sum);
				sum = mlforge_smlad(mlforge_even_bytes(w[quad]),
						    x[MLFORGE_DSP_PIXELS], sum);
				x += 2 * MLFORGE_DSP_PIXELS;
			}
			output[(uint32_t)p * job->stride] =
				mlforge_dsp_finish(sum, from, job->zero_point);
		}
		w += job->quads;
		from++;
	}
}

void mlforge_dsp_enter_5(struct mlforge_dsp_pixels *job)
{
	(void)job;
}

void mlforge_dsp_pixels_5(const struct mlforge_dsp_pixels *job)
{
	mlforge_dsp_pixels_portable(job, MLFORGE_DSP_PIXELS);
}

uint32_t *mlforge_dsp_expand_5(const int8_t *run, int32_t step, int32_t quads, uint32_t *to,
			       int32_t rows, int32_t row_step)
{
	for (; rows > 0; rows--) {
		for (int p = 0; p < MLFORGE_DSP_PIXELS; p++) {
			mlforge_dsp_expand_1(run + p * step, quads, MLFORGE_DSP_PIXELS, to + p);
		}
		to += 2 * MLFORGE_DSP_PIXELS * quads;
		run += row_step;
	}
	return to;
}

static int32_t two_quads(const uint32_t **weights, const uint32_t **x, int32_t sum)
{
	for (int quad = 0; quad < 2; quad++) {
		const uint32_t w = *(*weights)++;

		sum = mlforge_smlad(w, *(*x)++, sum);
		sum = mlforge_smlad(mlforge_even_bytes(w), *(*x)++, sum);
	}
	return sum;
}

#endif

uint32_t *mlforge_dsp_expand_1(const int8_t *run, int32_t quads, int32_t windows, uint32_t *to)
{
	for (const int8_t *const end = run + 4 * quads; run != end; run += 4) {
		const uint32_t quad = mlforge_load_word(run);

		to[0] = mlforge_dsp_word_u(quad);
		to[windows] = mlforge_dsp_word_v(quad);
		to += 2 * windows;
	}
	return to;
}

void mlforge_dsp_pixels_1(const struct mlforge_dsp_pixels *job)
{
	const struct mlforge_dsp_sum *from = job->sums;
	const uint32_t *w = job->weights;

	for (int8_t *output = job->output; output != job->last; output++) {
		const uint32_t *x = job->x;
		int32_t sum = from->start;
		uint32_t quads = job->quads;

		for (; quads >= 8; quads -= 8) {
			sum = two_quads(&w, &x, sum);
			sum = two_quads(&w, &x, sum);
			sum = two_quads(&w, &x, sum);
			sum = two_quads(&w, &x, sum);
		}
		for (; quads >= 2; quads -= 2) {
			sum = two_quads(&w, &x, sum);
		}
		if (quads > 0) {
			sum = mlforge_smlad(*w, x[0], sum);
			sum = mlforge_smlad(mlforge_even_bytes(*w++), x[1], sum);
		}
		*output = mlforge_dsp_finish(sum, from++, job->zero_point);
	}
}
