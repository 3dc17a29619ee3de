/* SPDX-License-Identifier: Apache-2.0
 *
 * CONV_2D of single pixels with eight channels for DSP: a pixel is four words of int16, which stay
 * in registers while all output channels pass, each with its weights as int16 and what comes behind
 * its sum. All of this is read at once: eleven registers in all, and zero point, table and output
 * are the others.
 */
#include "dsp.h"
#include "dsp_channels.h"

/* The assembly knows the order. */
struct channel {
	struct mlforge_dsp_channel channel;
	uint32_t weights[4]; /* 0 and 2, 1 and 3, 4 and 6, 5 and 7 */
};

static void unpack(const struct mlforge_dsp_pointwise_8 *op, struct channel *to)
{
	const int8_t *weights = op->weights;

	for (int32_t c = 0; c < op->output_channels; c++) {
		mlforge_dsp_channel(&op->channels, c, &to->channel);
		for (int half = 0; half < 2; half++) {
			const uint32_t word = mlforge_load_word(weights + 4 * half);

			to->weights[2 * half] = mlforge_even_bytes(word);
			to->weights[2 * half + 1] = mlforge_odd_bytes(word);
		}
		weights += 8;
		to++;
	}
}

#if MLFORGE_DSP

/* r0..r3 are the pixel, r4 the sum, r5 factor, r6 power, r7..r10 weights, r11 the output, r12 the
 * table, lr the zero point. */
#define CHANNEL(SIGN, sum)                                                                         \
	"ldmia.w r12!, {r4, r5, r6, r7, r8, r9, r10}\n"                                            \
	"smlad r4, r7, r0, r4\n"                                                                   \
	"smlad r4, r8, r1, r4\n"                                                                   \
	"smlad r4, r9, r2, r4\n"                                                                   \
	"smlad r4, r10, r3, r4\n" SIGN "smmlar r4, r4, r5, " sum "\n"                              \
	"smmlar r4, r4, r6, lr\n"                                                                  \
	"ssat r4, #8, r4\n"                                                                        \
	"strb.w r4, [r11], #1\n"

#define ANY      CHANNEL("add.w r7, r4, r4, asr #31\n", "r7")
#define POSITIVE CHANNEL("", "r4")

/* On the stack: 0 the table, 4 its end, 8 the input, 12 its end. */
#define PIXELS(ONE)                                                                                \
	"push {r4-r11, lr}\n"                                                                      \
	"ldr.w lr, [sp, #40]\n"                                                                    \
	"ldr.w r11, [sp, #36]\n"                                                                   \
	"push {r0, r1, r2, r3}\n"                                                                  \
	"1:\n"                                                                                     \
	"ldr.w r4, [sp, #8]\n"                                                                     \
	"ldr.w r12, [sp]\n"                                                                        \
	"ldr.w r1, [r4], #4\n"                                                                     \
	"ldr.w r3, [r4], #4\n"                                                                     \
	"str.w r4, [sp, #8]\n"                                                                     \
	"sxtb16 r0, r1\n"                                                                          \
	"sxtb16 r1, r1, ror #8\n"                                                                  \
	"sxtb16 r2, r3\n"                                                                          \
	"sxtb16 r3, r3, ror #8\n"                                                                  \
	"2:\n" ONE ONE ONE ONE "ldr.w r4, [sp, #4]\n"                                              \
	"cmp r12, r4\n"                                                                            \
	"bne.n 2b\n"                                                                               \
	"ldrd r4, r5, [sp, #8]\n"                                                                  \
	"cmp r4, r5\n"                                                                             \
	"bne.w 1b\n"                                                                               \
	"add sp, sp, #16\n"                                                                        \
	"pop {r4-r11, pc}\n"

static MLFORGE_ASSEMBLY void any(const struct channel *channels MLFORGE_IN_ARGUMENT,
				 const struct channel *end MLFORGE_IN_ARGUMENT,
				 const int8_t *input MLFORGE_IN_ARGUMENT,
				 const int8_t *input_end MLFORGE_IN_ARGUMENT,
				 int8_t *output MLFORGE_IN_ARGUMENT,
				 int32_t zero_point MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile(PIXELS(ANY));
}

/* The same where negative sums are all one. */
static MLFORGE_ASSEMBLY void positive(const struct channel *channels MLFORGE_IN_ARGUMENT,
				      const struct channel *end MLFORGE_IN_ARGUMENT,
				      const int8_t *input MLFORGE_IN_ARGUMENT,
				      const int8_t *input_end MLFORGE_IN_ARGUMENT,
				      int8_t *output MLFORGE_IN_ARGUMENT,
				      int32_t zero_point MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile(PIXELS(POSITIVE));
}

#else

static void any(const struct channel *channels, const struct channel *end, const int8_t *input,
		const int8_t *input_end, int8_t *output, int32_t zero_point)
{
	for (; input != input_end; input += 8) {
		const uint32_t first = mlforge_load_word(input);
		const uint32_t second = mlforge_load_word(input + 4);

		for (const struct channel *c = channels; c != end; c++) {
			int32_t sum = c->channel.bias;

			sum = mlforge_smlad(c->weights[0], mlforge_even_bytes(first), sum);
			sum = mlforge_smlad(c->weights[1], mlforge_odd_bytes(first), sum);
			sum = mlforge_smlad(c->weights[2], mlforge_even_bytes(second), sum);
			sum = mlforge_smlad(c->weights[3], mlforge_odd_bytes(second), sum);
			*output++ = (int8_t)mlforge_dsp_requantise(sum, c->channel.factor,
								   c->channel.power, zero_point);
		}
	}
}

#define positive any

#endif

void mlforge_dsp_pointwise_8_s8(const struct mlforge_dsp_pointwise_8 *op, const int8_t *input,
				int8_t *output, void *scratch)
{
	struct channel *const channels = scratch;
	const int32_t count = (int32_t)op->pixels * op->output_channels;

	unpack(op, channels);
	(op->zero_point <= op->low ? positive : any)(channels, channels + op->output_channels,
						     input, input + 8 * op->pixels, output,
						     op->zero_point);
	if (op->low > INT8_MIN || op->high < INT8_MAX) {
		for (int32_t i = 0; i < count; i++) {
			const int8_t y = output[i] < op->low ? op->low : output[i];

			output[i] = y > op->high ? op->high : y;
		}
	}
}
