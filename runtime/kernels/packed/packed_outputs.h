/* SPDX-License-Identifier: Apache-2.0
 *
 * What the FULLY_CONNECTED kernels of mlforge/kernels_packed.h have in common. Private to
 * runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_PACKED_OUTPUTS_H_
#define MLFORGE_KERNELS_PACKED_OUTPUTS_H_

#include "packed.h"

/* Inputs, rounded up. */
static inline uint32_t mlforge_packed_depth(const struct mlforge_packed_fully_connected *op)
{
	return (op->inputs + 3) & ~3U;
}

/* How an output becomes int8. */
struct mlforge_packed_scale {
	uint32_t factor;
	int32_t exponent;
	int32_t rounding;
};

static inline struct mlforge_packed_scale
mlforge_packed_scale(const struct mlforge_packed_fully_connected *op, uint32_t o)
{
	const int32_t shift = op->shifts[o];
	const struct mlforge_packed_scale scale = {
		.factor = op->factors[o],
		.exponent = shift + 1,
		.rounding = (int32_t)((uint32_t)(2 * op->zero_point + 1) << shift),
	};

	return scale;
}

static inline int8_t mlforge_packed_output(uint32_t sum, const struct mlforge_packed_scale *scale)
{
	return mlforge_packed_finish(sum, scale->factor, scale->exponent, scale->rounding);
}

/* The results of a group that begins with output `o`. `scale` is that of all outputs, where it is
 * the same. */
static inline void mlforge_packed_store_outputs(const struct mlforge_packed_fully_connected *op,
						const uint32_t sums[4],
						struct mlforge_packed_scale scale, uint32_t o,
						int8_t *output)
{
	output += o;
	if (!op->per_output && op->outputs - o >= 4) {
		output[0] = mlforge_packed_output(sums[0], &scale);
		output[1] = mlforge_packed_output(sums[1], &scale);
		output[2] = mlforge_packed_output(sums[2], &scale);
		output[3] = mlforge_packed_output(sums[3], &scale);
		return;
	}
	for (uint32_t j = 0; j < 4 && o + j < op->outputs; j++) {
		if (op->per_output) {
			scale = mlforge_packed_scale(op, o + j);
		}
		output[j] = mlforge_packed_output(sums[j], &scale);
	}
}

static inline void mlforge_packed_clamp_outputs(const struct mlforge_packed_fully_connected *op,
						int8_t *output)
{
	if (op->low == INT8_MIN && op->high == INT8_MAX) {
		return;
	}
	for (uint32_t o = 0; o < op->outputs; o++) {
		output[o] = (int8_t)mlforge_clamp(output[o], op->low, op->high);
	}
}

#endif /* MLFORGE_KERNELS_PACKED_OUTPUTS_H_ */
