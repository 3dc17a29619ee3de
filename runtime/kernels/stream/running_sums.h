/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels of running sums share. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_RUNNING_SUMS_H_
#define MLFORGE_KERNELS_RUNNING_SUMS_H_

#include "mlforge/kernels.h"

/* Takes the new blocks in. Returns the sums of the newest window, int32_t [channels]. */
const int32_t *mlforge_running_sums(const struct mlforge_running_sums *op, const int8_t *input,
				    void *state);

#endif /* MLFORGE_KERNELS_RUNNING_SUMS_H_ */
