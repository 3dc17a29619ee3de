/* SPDX-License-Identifier: Apache-2.0
 *
 * TRANSPOSE_CONV. Each output pixel gathers what input pixels would scatter to it, so no
 * accumulators wait in memory.
 */
#include "kernels/dsp/dsp_bytes.h"
#include "kernels/shared/arithmetic.h"
#include "transpose_conv.h"

#define OUTPUTS 4 /* channels at a time */

#if MLFORGE_DSP

/* Four products with weights of one channel. */
static int32_t add_four(uint32_t even, uint32_t odd, const int8_t *weights, int32_t sum)
{
	const uint32_t w = mlforge_load_word(weights);

	sum = mlforge_smlad(even, mlforge_even_bytes(w), sum);
	return mlforge_smlad(odd, mlforge_odd_bytes(w), sum);
}

/* As many elements as come in fours; returns how many. */
static int32_t add_fours(const int8_t *input, const int8_t *weights, int32_t size, int32_t next,
			 int32_t zero_point, int32_t *sums)
{
	const int8_t *w1 = weights + next, *w2 = w1 + next, *w3 = w2 + next;
	const uint32_t zeros = mlforge_pkhbt((uint32_t)-zero_point, (uint32_t)-zero_point);
	int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3], c = 0;

	for (; c + 4 <= size; c += 4) {
		const uint32_t x = mlforge_load_word(input + c);
		const uint32_t even = mlforge_add_even_bytes(zeros, x);
		const uint32_t odd = mlforge_add_odd_bytes(zeros, x);

		s0 = add_four(even, odd, weights + c, s0);
		s1 = add_four(even, odd, w1 + c, s1);
		s2 = add_four(even, odd, w2 + c, s2);
		s3 = add_four(even, odd, w3 + c, s3);
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
	return c;
}

#else

static int32_t add_fours(const int8_t *input, const int8_t *weights, int32_t size, int32_t next,
			 int32_t zero_point, int32_t *sums)
{
	(void)input, (void)weights, (void)size, (void)next, (void)zero_point, (void)sums;
	return 0;
}

#endif

/* Adds the dot products of one input pixel with the same tap of four channels. */
static void add_tap_of_four(const int8_t *input, const int8_t *weights, int32_t size, int32_t next,
			    int32_t zero_point, int32_t *sums)
{
	const int8_t *w1 = weights + next, *w2 = w1 + next, *w3 = w2 + next;
	int32_t c = add_fours(input, weights, size, next, zero_point, sums);
	int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];

	for (; c < size; c++) {
		const int32_t x = input[c] - zero_point;

		s0 = mlforge_accumulate(s0, x, weights[c]);
		s1 = mlforge_accumulate(s1, x, w1[c]);
		s2 = mlforge_accumulate(s2, x, w2[c]);
		s3 = mlforge_accumulate(s3, x, w3[c]);
	}
	sums[0] = s0;
	sums[1] = s1;
	sums[2] = s2;
	sums[3] = s3;
}

/* The same for one channel. */
static int32_t add_tap(const int8_t *input, const int8_t *weights, int32_t size, int32_t zero_point,
		       int32_t sum)
{
	for (int32_t c = 0; c < size; c++) {
		sum = mlforge_accumulate(sum, input[c] - zero_point, weights[c]);
	}
	return sum;
}

static void one_pixel(const struct mlforge_transpose_conv *op, const int8_t *input,
		      const struct mlforge_reach *rows, const struct mlforge_reach *columns,
		      uint32_t o, uint32_t channels, int8_t *output)
{
	const int32_t size = op->input_channels;
	const int32_t next = op->kernel_height * op->kernel_width * size;
	const int8_t *weights = op->weights + (int32_t)o * next;
	int32_t sums[OUTPUTS];

	for (uint32_t i = 0; i < channels; i++) {
		sums[i] = op->bias[o + i];
	}
	for (int32_t r = 0; r < rows->count; r++) {
		const int32_t ky = rows->tap + r * op->stride_height, y = rows->position - r;

		for (int32_t c = 0; c < columns->count; c++) {
			const int32_t kx = columns->tap + c * op->stride_width,
				      x = columns->position - c;
			const int8_t *pixel = input + (y * op->input_width + x) * size;
			const int8_t *tap = weights + (ky * op->kernel_width + kx) * size;

			if (channels == OUTPUTS) {
				add_tap_of_four(pixel, tap, size, next, op->input_zero_point, sums);
				continue;
			}
			for (uint32_t i = 0; i < channels; i++) {
				sums[i] = add_tap(pixel, tap, size, op->input_zero_point, sums[i]);
				tap += next;
			}
		}
	}
	for (uint32_t i = 0; i < channels; i++) {
		output[i] = mlforge_finish(sums[i], op->multiplier[o + i], op->shift[o + i],
					   &op->stage);
	}
}

void mlforge_transpose_conv_s8(const struct mlforge_transpose_conv *op, const int8_t *input,
			       int8_t *output)
{
	for (int32_t y = 0; y < op->output_height; y++) {
		const struct mlforge_reach rows = mlforge_reach_of(
			y + op->pad_top, op->stride_height, op->kernel_height, op->input_height);

		for (int32_t x = 0; x < op->output_width; x++) {
			const struct mlforge_reach columns =
				mlforge_reach_of(x + op->pad_left, op->stride_width,
						 op->kernel_width, op->input_width);

			for (uint32_t o = 0; o < op->output_channels; o += OUTPUTS) {
				const uint32_t left = op->output_channels - o;

				one_pixel(op, input, &rows, &columns, o,
					  left < OUTPUTS ? left : OUTPUTS, output + o);
			}
			output += op->output_channels;
		}
	}
}
