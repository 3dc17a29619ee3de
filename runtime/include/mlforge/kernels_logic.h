/* SPDX-License-Identifier: Apache-2.0
 *
 * Comparisons, choices, and arithmetic of int32. Part of mlforge/kernels.h, whose conventions hold
 * here and which includes this file; include that one. A truth is one byte: 0 or 1.
 */
#ifndef MLFORGE_KERNELS_LOGIC_H_
#define MLFORGE_KERNELS_LOGIC_H_

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A relation is the sum of what it is true for. */
#define MLFORGE_IF_LESS    1
#define MLFORGE_IF_EQUAL   2
#define MLFORGE_IF_GREATER 4

/* EQUAL, LESS and so on: each input is `(value - zero_point) * 256`, requantised; the result is
 * whether the two are in `relation`. Works in place on an input that is not used again by the walk.
 */
struct mlforge_comparison {
	struct mlforge_walk walk;
	int16_t zero_point_1;
	int16_t zero_point_2;
	int8_t shift_1;
	int8_t shift_2;
	uint8_t relation;
	int32_t multiplier_1;
	int32_t multiplier_2;
};

void mlforge_compare_s8(const struct mlforge_comparison *op, const int8_t *input_1,
			const int8_t *input_2, int8_t *output);

/* The same for int32_t, 4-byte aligned, as they are. The output may start where an input does that
 * is not used again by the walk. */
struct mlforge_comparison_s32 {
	struct mlforge_walk walk;
	uint8_t relation;
};

void mlforge_compare_s32(const struct mlforge_comparison_s32 *op, const void *input_1,
			 const void *input_2, int8_t *output);

/* ADD, SUB and MUL of int32_t, 4-byte aligned, modulo 2^32, DIV, MAXIMUM and MINIMUM, then clamped
 * to low..high. They work in place on an input that is not used again by the walk. */
struct mlforge_arithmetic_s32 {
	struct mlforge_walk walk;
	int32_t low;
	int32_t high;
};

void mlforge_add_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output);
void mlforge_sub_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output);
void mlforge_mul_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output);

void mlforge_div_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
		     const void *input_2, void *output);
void mlforge_maximum_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
			 const void *input_2, void *output);
void mlforge_minimum_s32(const struct mlforge_arithmetic_s32 *op, const void *input_1,
			 const void *input_2, void *output);

/* SELECT_V2: elements of `first` where the condition is true, else of `second`, each stretched to
 * the output by its steps, which count elements; see struct mlforge_walk. No alignment is assumed.
 * Works in place on an input of all elements. */
struct mlforge_select {
	uint32_t size[MLFORGE_WALK_RANK];
	uint32_t step_condition[MLFORGE_WALK_RANK];
	uint32_t step_1[MLFORGE_WALK_RANK];
	uint32_t step_2[MLFORGE_WALK_RANK];
	uint8_t element_bytes;
};

void mlforge_select(const struct mlforge_select *op, const int8_t *condition, const int8_t *first,
		    const int8_t *second, int8_t *output);

/* CUMSUM of [outer][size][inner]: sums of the inputs less their zero point, `exclusive` of the
 * input at the same place, from the end if `reverse`. They start at minus the zero point, as the
 * reference has it, and have 19 fraction bits, modulo 2^32. Works in place. */
struct mlforge_cumsum {
	uint32_t outer;
	uint32_t size;
	uint32_t inner;
	uint8_t exclusive;
	uint8_t reverse;
	int8_t shift;
	int16_t zero_point;
	struct mlforge_output_stage stage;
	int32_t multiplier;
};

void mlforge_cumsum_s8(const struct mlforge_cumsum *op, const int8_t *input, int8_t *output);

/* ADD_N, one input a call: the sums of the inputs less their zero point are gathered in `scratch`,
 * `count` of int16_t, 2-byte aligned. They start at minus the zero point, as the reference has it.
 * The `last` call makes results of them, as CUMSUM does. */
struct mlforge_add_n {
	uint32_t count;
	uint8_t first;
	uint8_t last;
	int8_t shift;
	int16_t zero_point;
	struct mlforge_output_stage stage;
	int32_t multiplier;
};

void mlforge_add_n_s8(const struct mlforge_add_n *op, const int8_t *input, int8_t *output,
		      void *scratch);

/* L2_NORMALIZATION of rows of `depth`, at most 33025; the output's scale is 1/128 and its zero
 * point 0. Works in place. */
struct mlforge_l2_normalization {
	uint32_t rows;
	uint32_t depth;
	int16_t zero_point;
};

void mlforge_l2_normalization_s8(const struct mlforge_l2_normalization *op, const int8_t *input,
				 int8_t *output);

/* LOG_SOFTMAX over rows; the output's scale is 1/16 and its zero point 127. `reverse` brings a
 * scaled difference back to one of inputs. Works in place. */
struct mlforge_log_softmax {
	struct mlforge_softmax softmax;
	int32_t reverse_multiplier;
	int8_t reverse_shift;
};

void mlforge_log_softmax_s8(const struct mlforge_log_softmax *op, const int8_t *input,
			    int8_t *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_LOGIC_H_ */
