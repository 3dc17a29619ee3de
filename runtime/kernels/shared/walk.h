/* SPDX-License-Identifier: Apache-2.0
 *
 * Row after row of two inputs that are walked together (struct mlforge_walk). Private to
 * runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_WALK_H_
#define MLFORGE_KERNELS_WALK_H_

#include <stdbool.h>
#include <stdint.h>

#include "mlforge/kernels.h"

/* Start with zeros. */
struct mlforge_place {
	uint32_t at[MLFORGE_WALK_RANK - 1]; /* which row, by dimension */
	uint32_t offset_1;                  /* where it starts in each input, in elements */
	uint32_t offset_2;
};

/* On to the next row; false after the last. */
bool mlforge_next_row(const struct mlforge_walk *walk, struct mlforge_place *place);

#endif /* MLFORGE_KERNELS_WALK_H_ */
