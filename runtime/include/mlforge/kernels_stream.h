/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels of streamed models, which keep columns from one inference to the next. Part of
 * mlforge/kernels.h, whose conventions hold here and which includes this file; include that one.
 */
#ifndef MLFORGE_KERNELS_STREAM_H_
#define MLFORGE_KERNELS_STREAM_H_

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The last `kept_bytes` of the ring come to its front; in front of them are the `new_bytes` that
 * are dropped. `ring` has both, 4-byte aligned. */
struct mlforge_keep_columns {
	uint32_t kept_bytes;
	uint32_t new_bytes;
};

void mlforge_keep_columns(const struct mlforge_keep_columns *op, int8_t *ring);

/* One inference more, of the `first` that a window takes. */
struct mlforge_count_hops {
	int32_t first;
};

void mlforge_count_hops(const struct mlforge_count_hops *op, void *taken);

/* Sums over the columns of a window. The state is int32_t [1 + phases * channels], the slot of the
 * next block and the sums of the windows, then int16_t [slots][channels], the sums of the blocks.
 */
struct mlforge_running_sums {
	uint16_t blocks; /* new ones in each inference */
	uint16_t rows;   /* of channels in a block, at most 256 */
	uint16_t slots;  /* blocks that are kept */
	uint16_t phases; /* windows have every so many-th of the blocks */
	uint16_t channels;
};

/* MEAN and SUM: as struct mlforge_sum. `input` is int8_t [blocks][rows][channels], `state` 4-byte
 * aligned. */
struct mlforge_running_sum {
	struct mlforge_running_sums sums;
	struct mlforge_output_stage stage;
	int8_t shift;
	int32_t multiplier;
	int32_t offset;
};

void mlforge_running_sum_s8(const struct mlforge_running_sum *op, const int8_t *input, void *state,
			    int8_t *output);

/* AVERAGE_POOL_2D of a whole window: halves are rounded away from zero. */
struct mlforge_running_average {
	struct mlforge_running_sums sums;
	int32_t count; /* elements of one sum */
	int8_t low;
	int8_t high;
};

void mlforge_running_average_s8(const struct mlforge_running_average *op, const int8_t *input,
				void *state, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_STREAM_H_ */
