/* SPDX-License-Identifier: Apache-2.0
 *
 * Decision trees. Part of mlforge/kernels.h, whose conventions hold here and which includes this
 * file; include that one.
 */
#ifndef MLFORGE_KERNELS_TREES_H_
#define MLFORGE_KERNELS_TREES_H_

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/* MLFORGE_TREES: a forest, boosted trees, or a single tree. In each tree a walk from its root ends
 * at a leaf, whose `width` values are added to the sums from `targets[tree]` on; the sums start at
 * `base`. A place in the forest is a split where it is not negative, and else the leaf `-1 -
 * place`. The children of a split come behind it, so that every walk ends.
 *
 * `scratch` is int32_t [outputs], 4-byte aligned; `output` is int16_t [outputs], 2-byte aligned. */
struct mlforge_trees {
	uint16_t trees;
	uint16_t outputs;
	uint16_t width;
	int8_t shift; /* of the output, without MLFORGE_CLAMPED */
	int32_t multiplier;
	const int16_t *roots;     /* [trees], places */
	const uint16_t *targets;  /* [trees] */
	const uint16_t *features; /* [splits], elements of the input */
	const void *thresholds;   /* [splits], of the input's type */
	const int16_t *children;  /* [splits][2], places: for `x <= threshold`, and for all else */
	const int16_t *leaves;    /* [leaves][width] */
	const int32_t *base;      /* [outputs] */
};

void mlforge_trees_s8(const struct mlforge_trees *op, const int8_t *input, void *output,
		      void *scratch);

/* The same for int16_t, 2-byte aligned. */
void mlforge_trees_s16(const struct mlforge_trees *op, const void *input, void *output,
		       void *scratch);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_TREES_H_ */
