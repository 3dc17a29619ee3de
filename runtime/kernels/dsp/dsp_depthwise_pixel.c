/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise with any window for DSP, one pixel after the other: for outputs too few to be worth
 * planes. The addresses of a window's taps are listed in scratch; then each four channels take
 * their words from there, two taps at a time.
 */
#include <stdbool.h>

#include "dsp.h"
#include "mlforge/kernels_dsp_depthwise.h"

#define GROUP 4U /* channels */

/* The assembly knows the offsets. */
struct pixel {
	const uint32_t *taps; /* an even number; see `place_of` */
	const uint32_t *weights;
	uint32_t channel; /* the first of the next group */
	const uint32_t *taps_end;
	const int32_t *sums;
	const int32_t *factors;
	int32_t zero_point;
	int8_t *output;
	uint32_t last; /* the first channel of the last group */
	const int8_t *input;
	const int8_t *padding;
};

#if MLFORGE_DSP

/* Where channel 0 of a tap is, for `walk`. */
static uint32_t place_of(const struct pixel *pixel, bool inside, int32_t offset)
{
	return (uint32_t)(uintptr_t)(inside ? pixel->input + offset : pixel->padding);
}

/* Two channels of two taps: r9 holds their weights. */
#define PAIR(a, b, sum_a, sum_b)                                                                   \
	"ldr r9, [r5], #4\n"                                                                       \
	"sxtb16 lr, r9\n"                                                                          \
	"smlad " sum_a ", lr, " a ", " sum_a "\n"                                                  \
	"sxtb16 r9, r9, ror #8\n"                                                                  \
	"smlad " sum_b ", r9, " b ", " sum_b "\n"

/* mlforge_dsp_requantise. */
#define FINISH(sum, factor, power)                                                                 \
	"add lr, " sum ", " sum ", asr #31\n"                                                      \
	"smmlar lr, " sum ", " factor ", lr\n"                                                     \
	"smmlar lr, lr, " power ", r5\n"                                                           \
	"ssat lr, #8, lr\n"                                                                        \
	"strb lr, [r6], #1\n"

/* The channels up to `last`, which the last four begin with: they may overlap the four before. */
static MLFORGE_ASSEMBLY void walk(struct pixel *pixel MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile("push {r0, r4-r11, lr}\n"
			 "1:\n"
			 "ldr r12, [sp]\n"
			 "ldmia.w r12!, {r4, r5, r6, r7}\n"
			 "ldr r8, [r12]\n"
			 "ldmia.w r8!, {r0, r1, r2, r3}\n"
			 "str r8, [r12]\n"
			 "2:\n"
			 "ldrd r8, r9, [r4], #8\n"
			 "ldr r8, [r8, r6]\n"
			 "ldr r9, [r9, r6]\n"
			 "sxtb16 r10, r8\n"
			 "sxtb16 r8, r8, ror #8\n"
			 "sxtb16 r11, r9\n"
			 "sxtb16 r9, r9, ror #8\n"
			 "pkhbt r12, r10, r11, lsl #16\n"
			 "pkhtb r10, r11, r10, asr #16\n"
			 "pkhbt r11, r8, r9, lsl #16\n"
			 "pkhtb r8, r9, r8, asr #16\n" /* clang-format off */
			 PAIR("r12", "r11", "r0", "r1")
			 PAIR("r10", "r8", "r2", "r3") /* clang-format on */
			 "cmp r4, r7\n"
			 "bne.n 2b\n"
			 "ldr r12, [sp]\n"
			 "str r5, [r12, #4]\n"
			 "mov r7, r6\n"
			 "add lr, r12, #20\n"
			 "ldmia.w lr, {r4, r5, r6}\n"
			 "ldmia.w r4!, {r8, r9, r10, r11}\n" /* clang-format off */
			 FINISH("r0", "r8", "r9")
			 FINISH("r1", "r10", "r11")
			 "ldmia.w r4!, {r8, r9, r10, r11}\n"
			 FINISH("r2", "r8", "r9")
			 FINISH("r3", "r10", "r11") /* clang-format on */
			 "ldr r0, [r12, #32]\n"
			 "subs r1, r0, r7\n"
			 "beq.n 3f\n"
			 "cmp r1, #4\n"
			 "it hi\n"
			 "movhi r1, #4\n"
			 "add r7, r7, r1\n"
			 "sub r6, r6, #4\n"
			 "add r6, r6, r1\n"
			 "str r7, [r12, #8]\n"
			 "str r4, [r12, #20]\n"
			 "str r6, [r12, #28]\n"
			 "b.n 1b\n"
			 "3:\n"
			 "pop {r0, r4-r11, pc}\n");
}

#else

#define NOWHERE UINT32_MAX

/* Addresses may be wider than four bytes here. */
static uint32_t place_of(const struct pixel *pixel, bool inside, int32_t offset)
{
	(void)pixel;
	return inside ? (uint32_t)offset : NOWHERE;
}

static uint32_t load(const struct pixel *pixel, uint32_t place, uint32_t channel)
{
	return mlforge_load_word((place == NOWHERE ? pixel->padding : pixel->input + place) +
				 channel);
}

static void walk(struct pixel *pixel)
{
	const uint32_t *weights = pixel->weights;
	const int32_t *sums = pixel->sums;
	const int32_t *factors = pixel->factors;
	uint32_t channel = 0;

	for (;;) {
		int32_t s[GROUP] = {sums[0], sums[1], sums[2], sums[3]};

		for (const uint32_t *tap = pixel->taps; tap != pixel->taps_end; tap += 2) {
			const uint32_t first = load(pixel, tap[0], channel);
			const uint32_t second = load(pixel, tap[1], channel);
			const uint32_t even[2] = {mlforge_even_bytes(first),
						  mlforge_even_bytes(second)};
			const uint32_t odd[2] = {mlforge_odd_bytes(first),
						 mlforge_odd_bytes(second)};

			s[0] = mlforge_smlad(mlforge_even_bytes(weights[0]),
					     mlforge_pkhbt(even[0], even[1]), s[0]);
			s[1] = mlforge_smlad(mlforge_odd_bytes(weights[0]),
					     mlforge_pkhbt(odd[0], odd[1]), s[1]);
			s[2] = mlforge_smlad(mlforge_even_bytes(weights[1]),
					     mlforge_pkhtb(even[0], even[1]), s[2]);
			s[3] = mlforge_smlad(mlforge_odd_bytes(weights[1]),
					     mlforge_pkhtb(odd[0], odd[1]), s[3]);
			weights += 2;
		}
		for (uint32_t c = 0; c < GROUP; c++) {
			pixel->output[channel + c] = (int8_t)mlforge_dsp_requantise(
				s[c], factors[0], factors[1], pixel->zero_point);
			factors += 2;
		}
		sums += GROUP;
		if (channel == pixel->last) {
			return;
		}
		channel = channel + GROUP < pixel->last ? channel + GROUP : pixel->last;
	}
}

#endif

/* The taps of a window that begins at (y, x), the last one twice where there is an odd number: the
 * weights there are 0. */
static void list_taps(const struct mlforge_dsp_depthwise_pixel *op, struct pixel *pixel, int32_t y,
		      int32_t x, uint32_t *to)
{
	const struct mlforge_window *window = &op->window;

	pixel->taps = to;
	for (int32_t ky = window->kernel_height; ky > 0; ky--) {
		int32_t column = x;

		for (int32_t kx = window->kernel_width; kx > 0; kx--) {
			const bool inside = (uint32_t)y < window->input_height &&
					    (uint32_t)column < window->input_width;

			*to++ = place_of(pixel, inside,
					 (y * window->input_width + column) * op->channels);
			column += window->dilation_width;
		}
		y += window->dilation_height;
	}
	if ((to - pixel->taps) % 2) {
		*to = to[-1];
		to++;
	}
	pixel->taps_end = to;
}

void mlforge_dsp_depthwise_pixel_s8(const struct mlforge_dsp_depthwise_pixel *op,
				    const int8_t *input, int8_t *output, void *scratch)
{
	const struct mlforge_window *window = &op->window;
	const int32_t taps = window->kernel_height * window->kernel_width;
	uint32_t *const list = scratch;
	int8_t *const padding = (int8_t *)(list + taps + taps % 2);
	int8_t *const begin = output;

	if (op->has_padding) {
		memset(padding, op->input_zero_point, op->channels);
	}
	for (int32_t y = 0; y < window->output_height; y++) {
		for (int32_t x = 0; x < window->output_width; x++) {
			struct pixel pixel = {
				.weights = (const uint32_t *)op->weights,
				.sums = op->sums,
				.factors = op->factors,
				.zero_point = op->zero_point,
				.output = output,
				.last = op->channels - GROUP,
				.input = input,
				.padding = padding,
			};

			list_taps(op, &pixel, y * window->stride_height - window->pad_top,
				  x * window->stride_width - window->pad_left, list);
			walk(&pixel);
			output += op->channels;
		}
	}
	if (op->low > INT8_MIN || op->high < INT8_MAX) {
		for (int8_t *y = begin; y != output; y++) {
			*y = *y < op->low ? op->low : *y > op->high ? op->high : *y;
		}
	}
}
