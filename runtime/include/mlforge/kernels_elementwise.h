/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that work element by element, and reductions. Part of mlforge/kernels.h, whose
 * conventions hold here and which includes this file; include that one.
 */
#ifndef MLFORGE_KERNELS_ELEMENTWISE_H_
#define MLFORGE_KERNELS_ELEMENTWISE_H_

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Two inputs, each brought to a common scale: `(value - zero_point) * 2^bits`, requantised. How
 * they are combined, and how many bits are in front, is the kernel's; then the output's multiplier
 * follows. */
struct mlforge_scaled_pair {
	struct mlforge_walk walk;
	int16_t zero_point_1;
	int16_t zero_point_2;
	int8_t shift_1;
	int8_t shift_2;
	int8_t shift_output;
	struct mlforge_output_stage stage;
	int32_t multiplier_1;
	int32_t multiplier_2;
	int32_t multiplier_output;
};

/* ADD where mlforge_add_s8 does not reach, SUB, and SQUARED_DIFFERENCE. They work in place on an
 * input that is not used again by the walk. */
void mlforge_add_walk_s8(const struct mlforge_scaled_pair *op, const int8_t *input_1,
			 const int8_t *input_2, int8_t *output);
void mlforge_sub_s8(const struct mlforge_scaled_pair *op, const int8_t *input_1,
		    const int8_t *input_2, int8_t *output);
void mlforge_squared_difference_s8(const struct mlforge_scaled_pair *op, const int8_t *input_1,
				   const int8_t *input_2, int8_t *output);

/* For int16, 2-byte aligned, here and below; `shift_output` then carries no MLFORGE_CLAMPED. */
void mlforge_add_walk_s16(const struct mlforge_scaled_pair *op, const void *input_1,
			  const void *input_2, void *output);
void mlforge_sub_s16(const struct mlforge_scaled_pair *op, const void *input_1, const void *input_2,
		     void *output);
void mlforge_squared_difference_s16(const struct mlforge_scaled_pair *op, const void *input_1,
				    const void *input_2, void *output);

/* MUL and DIV: the product or quotient of the inputs less their zero points, requantised. They work
 * in place on an input that is not used again by the walk. */
struct mlforge_product {
	struct mlforge_walk walk;
	int16_t zero_point_1;
	int16_t zero_point_2;
	int8_t shift;
	struct mlforge_output_stage stage;
	int32_t multiplier;
};

void mlforge_mul_s8(const struct mlforge_product *op, const int8_t *input_1, const int8_t *input_2,
		    int8_t *output);
void mlforge_mul_s16(const struct mlforge_product *op, const void *input_1, const void *input_2,
		     void *output);

/* `shift` carries no MLFORGE_CLAMPED. A quotient by zero, which the reference leaves undefined, is
 * the largest or smallest result by the sign of the dividend, and that of 0 / 0 stands for zero. */
void mlforge_div_s8(const struct mlforge_product *op, const int8_t *input_1, const int8_t *input_2,
		    int8_t *output);

/* PRELU: input 1 where it is at or above its zero point, and input 1 times input 2 (alpha) below.
 * Works in place on input 1. */
struct mlforge_prelu {
	struct mlforge_walk walk;
	int16_t zero_point_1;
	int16_t zero_point_2;
	struct mlforge_output_stage stage;
	int8_t shift_positive;
	int8_t shift_negative;
	int32_t multiplier_positive;
	int32_t multiplier_negative;
};

void mlforge_prelu_s8(const struct mlforge_prelu *op, const int8_t *input_1, const int8_t *input_2,
		      int8_t *output);
void mlforge_prelu_s16(const struct mlforge_prelu *op, const void *input_1, const int8_t *input_2,
		       void *output);

/* MAXIMUM, and MINIMUM with `flip` -1 (0 otherwise): it is xored to values before and after. Works
 * in place on an input that is not used again by the walk. */
struct mlforge_maximum {
	struct mlforge_walk walk;
	int8_t flip;
};

void mlforge_maximum_s8(const struct mlforge_maximum *op, const int8_t *input_1,
			const int8_t *input_2, int8_t *output);
void mlforge_maximum_s16(const struct mlforge_maximum *op, const void *input_1, const void *input_2,
			 void *output);

/* A function of one int16 (2-byte aligned) that is a straight line on either side of zero: RELU,
 * RELU6, LEAKY_RELU and ABS. Values are made `absolute` first if that is not 0; results are clamped
 * to `low` and `high`. Works in place. */
struct mlforge_rescale {
	uint32_t count;
	int16_t low;
	int16_t high;
	int8_t absolute;
	int8_t shift_positive;
	int8_t shift_negative;
	int32_t multiplier_positive;
	int32_t multiplier_negative;
};

void mlforge_rescale_s16(const struct mlforge_rescale *op, const void *input, void *output);

/* LOGISTIC and TANH of int16 (2-byte aligned). An input times `multiplier` / 2^shift counts 24 *
 * 512ths (of TANH's, whose argument is doubled, 24 * 256ths); `table` is logistic(i / 24) in Q0.16.
 * Works in place. */
struct mlforge_sigmoid {
	uint32_t count;
	int32_t multiplier; /* at most 32767 */
	int8_t shift;       /* 0..30 */
	int8_t is_tanh;
	const uint16_t *table; /* [256] */
};

void mlforge_sigmoid_s16(const struct mlforge_sigmoid *op, const void *input, void *output);

/* SOFTMAX of int16 (2-byte aligned) over rows of `depth`; the output's scale is 1/32768.
 * `multiplier` and `shift` bring a difference of inputs, which must not overflow, to 6553.5ths.
 * Works in place. */
struct mlforge_softmax_s16 {
	uint32_t rows;
	uint32_t depth;
	int32_t multiplier;
	int32_t shift;
	const int16_t *exp;        /* [513]: exp(x) for x from -10 to 0, in Q0.15 */
	const int16_t *reciprocal; /* [513]: 1 / (1 + x) for x from 0 to 1, in Q0.15 */
};

void mlforge_softmax_s16(const struct mlforge_softmax_s16 *op, const void *input, void *output);

/* From up to six dimensions, some kept and some reduced; neighbours of a kind count as one.
 * Outermost first, unused ones have size 1. The output has the product of `kept` elements; steps
 * count elements of the input. */
struct mlforge_reduction {
	uint32_t kept[3];
	uint32_t kept_step[3];
	uint32_t reduced[3];
	uint32_t reduced_step[3];
};

/* SUM, and MEAN with 1 / count folded into the multiplier. `offset` is -input_zero_point * count.
 */
struct mlforge_sum {
	struct mlforge_reduction reduction;
	struct mlforge_output_stage stage;
	int8_t shift;
	int32_t multiplier;
	int32_t offset;
};

void mlforge_sum_s8(const struct mlforge_sum *op, const int8_t *input, int8_t *output);
void mlforge_sum_s16(const struct mlforge_sum *op, const void *input, void *output);

/* The same with kept[2] at least 4, kept_step[2] 1 and reduced[0] 1, in instructions of Arm's DSP
 * extension. */
void mlforge_dsp_sum_s8(const struct mlforge_sum *op, const int8_t *input, int8_t *output);

/* REDUCE_MAX, and REDUCE_MIN with `flip` -1 (0 otherwise): it is xored to values before and after.
 */
struct mlforge_reduce_max {
	struct mlforge_reduction reduction;
	int8_t flip;
};

void mlforge_reduce_max_s8(const struct mlforge_reduce_max *op, const int8_t *input,
			   int8_t *output);

/* ARG_MAX of [outer][size][inner], and ARG_MIN with `flip` -1 (0 otherwise), which is xored to
 * values. The first of equals counts. `output` is int32_t[outer][inner], 4-byte aligned. */
struct mlforge_arg_max {
	uint32_t outer;
	uint32_t size;
	uint32_t inner;
	int8_t flip;
};

void mlforge_arg_max_s8(const struct mlforge_arg_max *op, const int8_t *input, void *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_ELEMENTWISE_H_ */
