/* SPDX-License-Identifier: Apache-2.0
 *
 * MLFORGE_TREES.
 */
#include "kernels/shared/element.h"

/* The leaf where the walk from `place` ends. */
static uint32_t leaf_of(const struct mlforge_trees *op, const ELEMENT *input, int32_t place)
{
	const ELEMENT *thresholds = op->thresholds;

	while (place >= 0) {
		const int16_t *children = op->children + 2 * place;

		place = input[op->features[place]] <= thresholds[place] ? children[0] : children[1];
	}
	return (uint32_t)(-1 - place);
}

static void write_sums(const struct mlforge_trees *op, const int32_t *sums, int16_t *output)
{
	for (uint32_t i = 0; i < op->outputs; i++) {
		const int32_t y = mlforge_requantise(sums[i], op->multiplier, op->shift);

		output[i] = (int16_t)mlforge_clamp(y, INT16_MIN, INT16_MAX);
	}
}

void MLFORGE_KERNEL(mlforge_trees)(const struct mlforge_trees *op, const MLFORGE_ARGUMENT *input,
				   void *output, void *scratch)
{
	int32_t *sums = scratch;

	for (uint32_t i = 0; i < op->outputs; i++) {
		sums[i] = op->base[i];
	}
	for (uint32_t tree = 0; tree < op->trees; tree++) {
		const int16_t *leaf = op->leaves + op->width * leaf_of(op, input, op->roots[tree]);
		int32_t *to = sums + op->targets[tree];

		for (uint32_t i = 0; i < op->width; i++) {
			to[i] += leaf[i];
		}
	}
	write_sums(op, sums, output);
}
