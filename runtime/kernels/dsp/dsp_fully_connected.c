/* SPDX-License-Identifier: Apache-2.0
 *
 * FULLY_CONNECTED for DSP: the input is expanded to int16 once, and meets four outputs at a time.
 * See dsp_pairs.h for quads, and for how two sums share an extraction.
 */
#include <string.h>

#include "dsp_pairs.h"

struct outputs_4 {
	const uint32_t *weights;
	const uint32_t *x;
	uint32_t entry; /* where four_outputs enters its loop, in bytes from the loop's start */
	const int32_t *sums;
	const uint32_t *x_end;
	int32_t factors_step; /* bytes to go behind the four that were used */
	int32_t zero_point;
	const int32_t *factors;
	int8_t *output;
	int8_t *output_end;
	uint32_t middle; /* as entry, where an odd quad begins */
};

/* How four_outputs is laid out: its loop is UNROLLED quads, in steps of two that load their inputs
 * at once. */
#define UNROLLED   16U
#define LOAD_BYTES 4U
#define QUAD_BYTES 52U
#define STEP_BYTES (LOAD_BYTES + 2U * QUAD_BYTES)
#define STUB_BYTES 8U /* just in front of the loop: it loads the inputs of an odd quad */

static void enter(struct outputs_4 *job, uint32_t quads)
{
	const uint32_t skip = -quads % UNROLLED;

	job->middle = skip / 2 * STEP_BYTES + LOAD_BYTES + QUAD_BYTES;
	job->entry = skip % 2 ? -STUB_BYTES : skip / 2 * STEP_BYTES;
}

#if MLFORGE_DSP

/* Four inputs meet four outputs; the words of weights are extracted in place, which leaves the
 * registers for loading the inputs of two quads at once. */
#define QUAD(x0, x1)                                                                               \
	"ldmia.w r12!, {r4, r5, r6, r7}\n"                                                         \
	"smlad r1, r4, " x0 ", r1\n"                                                               \
	"sxtb16 r4, r4\n"                                                                          \
	"smlad r3, r5, " x0 ", r3\n"                                                               \
	"sxtb16 r5, r5\n"                                                                          \
	"smlad r0, r4, " x0 ", r0\n"                                                               \
	"smlad r2, r5, " x0 ", r2\n"                                                               \
	"smlad r1, r6, " x1 ", r1\n"                                                               \
	"sxtb16 r6, r6\n"                                                                          \
	"smlad r3, r7, " x1 ", r3\n"                                                               \
	"sxtb16 r7, r7\n"                                                                          \
	"smlad r0, r6, " x1 ", r0\n"                                                               \
	"smlad r2, r7, " x1 ", r2\n"
#define STEP "ldmia.w r11!, {r8, r9, r10, lr}\n" QUAD("r8", "r9") QUAD("r10", "lr")

/* mlforge_dsp_requantise; r10 is the zero point. */
#define FINISH(sum, factor, power)                                                                 \
	"add.w r8, " sum ", " sum ", asr #31\n"                                                    \
	"smmlar r8, " sum ", " factor ", r8\n"                                                     \
	"smmlar r8, r8, " power ", r10\n"                                                          \
	"ssat r8, #8, r8\n"                                                                        \
	"strb r8, [lr], #1\n"

/* On the stack: struct outputs_4 from x on, with addresses for entry and middle. */
static MLFORGE_ASSEMBLY void four_outputs(const struct outputs_4 *job MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile("push {r4-r11, lr}\n"
			 "ldmia.w r0, {r1-r11}\n"
			 "adr.w r12, 2f\n"
			 "add r3, r3, r12\n"
			 "add r11, r11, r12\n"
			 "orr r3, r3, #1\n"
			 "orr r11, r11, #1\n"
			 "push {r2-r11}\n"
			 "mov r12, r1\n"
			 "1:\n"
			 "ldr r4, [sp, #8]\n"
			 "ldmia r4!, {r0, r1, r2, r3}\n"
			 "str r4, [sp, #8]\n"
			 "ldmia.w sp, {r11, pc}\n"
			 "ldrd r10, lr, [r11], #8\n" /* the stub */
			 "ldr.w pc, [sp, #36]\n"
			 "2:\n" /* clang-format off */
			 STEP
			 STEP
			 STEP
			 STEP
			 STEP
			 STEP
			 STEP
			 STEP
			 "ldr r4, [sp, #12]\n"
			 "cmp r4, r11\n"
			 "bne.w 2b\n" /* clang-format on */
			 "add.w r8, sp, #16\n"
			 "ldmia.w r8, {r9, r10, r11, lr}\n"
			 "subs r1, r1, r0\n"
			 "subs r3, r3, r2\n"
			 "asrs r1, r1, #8\n"
			 "asrs r3, r3, #8\n"
			 "ldmia.w r11!, {r4, r5, r6, r7}\n" /* clang-format off */
			 FINISH("r0", "r4", "r5")
			 FINISH("r1", "r6", "r7")
			 "ldmia.w r11!, {r4, r5, r6, r7}\n"
			 FINISH("r2", "r4", "r5")
			 FINISH("r3", "r6", "r7") /* clang-format on */
			 "ldr r1, [sp, #32]\n"
			 "add r11, r11, r9\n"
			 "strd r11, lr, [sp, #24]\n"
			 "cmp lr, r1\n"
			 "bne.w 1b\n"
			 "add sp, sp, #40\n"
			 "pop {r4-r11, pc}\n");
}

#else

static void four_outputs(const struct outputs_4 *job)
{
	const uint32_t *w = job->weights;
	const int32_t *sums = job->sums;
	const int32_t *factors = job->factors;

	for (int8_t *output = job->output; output != job->output_end; output += 4) {
		int32_t s[4] = {sums[0], sums[1], sums[2], sums[3]};

		for (const uint32_t *x = job->x; x != job->x_end; x++) {
			for (int i = 0; i < 4; i += 2) {
				s[i] = mlforge_smlad(mlforge_even_bytes(*w), *x, s[i]);
				s[i + 1] = mlforge_smlad(*w++, *x, s[i + 1]);
			}
		}
		for (int i = 0; i < 4; i++) {
			const int32_t sum =
				i % 2 ? (int32_t)((uint32_t)s[i] - (uint32_t)s[i - 1]) >> 8 : s[i];

			output[i] = (int8_t)mlforge_dsp_requantise(sum, factors[0], factors[1],
								   job->zero_point);
			factors += 2;
		}
		factors += job->factors_step / 4;
		sums += 4;
	}
}

#endif

/* One to three outputs, in pairs as of a convolution. */
static void last_outputs(const struct mlforge_dsp_fully_connected *op, const uint32_t *x,
			 int32_t quads, int8_t *output)
{
	const uint32_t whole = op->outputs / 4 * 4;
	const uint32_t *weights = (const uint32_t *)op->weights + whole * (uint32_t)quads;

	for (uint32_t o = whole; o < op->outputs; o += 2) {
		const uint32_t left = op->outputs - o;
		const int32_t *a = op->factors + (op->per_output ? 2 * o : 0);
		const int32_t *b = op->per_output && left > 1 ? a + 2 : a;
		const struct mlforge_dsp_pair pair = {
			.sum_a = op->sums[o],
			.sum_both = op->sums[o + 1],
			.factor_a = a[0],
			.power_a = a[1],
			.factor_b = b[0],
			.power_b = b[1],
		};

		mlforge_dsp_pairs(x, quads, &pair, weights, left > 1 ? 2 : 1, op->zero_point,
				  output + o);
		weights += 2 * quads;
	}
}

static void expand(const int8_t *input, uint32_t count, uint32_t *to)
{
	const uint32_t rest = count % 4;

	to = mlforge_dsp_expand(input, (int32_t)(count / 4), to);
	if (rest) {
		int8_t last[4] = {0};

		memcpy(last, input + count - rest, rest);
		mlforge_dsp_expand(last, 1, to);
	}
}

static void clamp_all(int8_t low, int8_t high, uint32_t count, int8_t *output)
{
	for (uint32_t i = 0; i < count; i++) {
		const int8_t y = output[i] < low ? low : output[i];

		output[i] = y > high ? high : y;
	}
}

void mlforge_dsp_fully_connected_s8(const struct mlforge_dsp_fully_connected *op,
				    const int8_t *input, int8_t *output, void *scratch)
{
	const uint32_t quads = (op->inputs + 3) / 4;
	const int32_t one[8] = {
		op->factors[0], op->factors[1], op->factors[0], op->factors[1],
		op->factors[0], op->factors[1], op->factors[0], op->factors[1],
	};
	uint32_t *const x = scratch;

	for (uint32_t row = 0; row < op->rows; row++) {
		struct outputs_4 job = {
			.weights = (const uint32_t *)op->weights,
			.x = x,
			.sums = op->sums,
			.x_end = x + 2 * quads,
			.factors_step = op->per_output ? 0 : -32,
			.zero_point = op->zero_point,
			.factors = op->per_output ? op->factors : one,
			.output = output,
			.output_end = output + op->outputs / 4 * 4,
		};

		enter(&job, quads);
		expand(input, op->inputs, x);
		if (op->outputs >= 4) {
			four_outputs(&job);
		}
		last_outputs(op, x, (int32_t)quads, output);
		if (op->low > INT8_MIN || op->high < INT8_MAX) {
			clamp_all(op->low, op->high, op->outputs, output);
		}
		input += op->step;
		output += op->outputs;
	}
}
