/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that compiled models call on cores with Arm's DSP extension. They are portable C with
 * assembly for those cores: every other core runs them too, with the same results. The conventions
 * are those of mlforge/kernels.h.
 */
#ifndef MLFORGE_KERNELS_DSP_KERNELS_H_
#define MLFORGE_KERNELS_DSP_KERNELS_H_

#include <stdint.h>

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Biases, with the input's zero point folded in, and multipliers of output channels, three uint16_t
 * each, lowest first: 23 bits of mantissa below a leading one, 4 bits of shift to the right less
 * `right`, 21 bits of bias. The multiplier is the normalised product of mantissa and ratio, 40
 * bits, rounded to 31. Where `right` is 0, four uint16_t each: 30 bits of multiplier below a
 * leading one, 5 bits of 32 less the shift, 29 bits of bias. Shifts are in 2..31. */
struct mlforge_dsp_channels {
	const uint16_t *packed;
	uint32_t ratio_low;
	uint8_t ratio_high;
	uint8_t right;
};

/* CONV_2D. Weights, for each pair of output channels A and B: for each row of the kernel,
 * kernel_width * input_channels values, zeros up to a multiple of four, in quads of two words: 256
 * * b + a of values 0 and 2 in the halves of the first, of 1 and 3 in those of the second. With an
 * odd number of output channels the last one comes first, together with a B of zeros. No sum of a
 * channel reaches 2^23 in magnitude. */
struct mlforge_dsp_conv_2d {
	struct mlforge_window window;
	uint16_t input_channels;
	uint16_t output_channels;
	int16_t zero_point;
	int8_t input_zero_point; /* what padding is filled with */
	int8_t low;              /* smallest and largest result */
	int8_t high;
	uint8_t copies; /* whether some windows have to be copied: there is room for it in scratch
			 */
	const int32_t *weights;
	struct mlforge_dsp_channels channels; /* in the order of the weights */
};

/* `scratch`, 4-byte aligned: 24 bytes for each started pair of output channels, 24 for each quad of
 * a window, then, where `copies` is set, 16 for each quad of one of its rows. */
void mlforge_dsp_conv_2d_s8(const struct mlforge_dsp_conv_2d *op, const int8_t *input,
			    int8_t *output, void *scratch);

/* CONV_2D of single pixels with eight input channels and a multiple of four output channels. No sum
 * reaches 2^23 in magnitude. */
struct mlforge_dsp_pointwise_8 {
	uint32_t pixels;
	uint16_t output_channels;
	int16_t zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	const int8_t *weights; /* [output channels][8] */
	struct mlforge_dsp_channels channels;
};

/* `scratch`, 4-byte aligned: 28 bytes for each output channel. */
void mlforge_dsp_pointwise_8_s8(const struct mlforge_dsp_pointwise_8 *op, const int8_t *input,
				int8_t *output, void *scratch);

/* FULLY_CONNECTED. Weights, for each four outputs A, B, C, D: in quads of four words, 256 * b + a
 * in each half of those of A and B, then C and D in the same way, but word by word: (A, B) values 0
 * and 2, (C, D) values 0 and 2, (A, B) values 1 and 3, (C, D) values 1 and 3. One to three outputs
 * that are left follow as pairs, in quads of two words. Input: `rows` times `inputs` bytes, each
 * `step` bytes behind the one before; output [rows][outputs]. `sums` holds sum_a and sum_both of
 * each pair. `factors` holds factor and power of each output, or of all. */
struct mlforge_dsp_fully_connected {
	uint32_t rows;
	uint32_t inputs;
	uint32_t step;
	uint32_t outputs;
	int16_t zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	uint8_t per_output; /* whether each output has factor and power of its own */
	const int32_t *weights;
	const int32_t *sums;    /* [(outputs + 1) / 2][2] */
	const int32_t *factors; /* [outputs][2] or [1][2] */
};

/* `scratch`, 4-byte aligned: 8 bytes for each started quad of inputs. */
void mlforge_dsp_fully_connected_s8(const struct mlforge_dsp_fully_connected *op,
				    const int8_t *input, int8_t *output, void *scratch);

/* ADD of two inputs of `count` elements. The scale of `shifted` is the larger one; `looked_up` has
 * a multiplier and a shift as in mlforge_add. `factor` and `power` make the output, as for struct
 * mlforge_dsp_channels. Works in place on either input. */
struct mlforge_dsp_add {
	uint32_t count;
	int16_t shifted_zero_point;
	int16_t looked_up_zero_point;
	int16_t zero_point;
	int8_t low; /* smallest and largest result */
	int8_t high;
	int8_t looked_up_shift;
	int32_t looked_up_multiplier;
	int32_t factor;
	int32_t power;
};

/* `scratch`, 4-byte aligned: 1024 bytes. */
void mlforge_dsp_add_s8(const struct mlforge_dsp_add *op, const int8_t *shifted,
			const int8_t *looked_up, int8_t *output, void *scratch);

/* AVERAGE_POOL_2D and MAX_POOL_2D of at least four channels. */
void mlforge_dsp_average_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input,
				    int8_t *output);
void mlforge_dsp_max_pool_2d_s8(const struct mlforge_pool_2d *op, const int8_t *input,
				int8_t *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_DSP_KERNELS_H_ */
