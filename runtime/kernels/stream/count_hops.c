/* SPDX-License-Identifier: Apache-2.0
 *
 * Counts the inferences that a window takes, and no further.
 */
#include "mlforge/kernels.h"

void mlforge_count_hops(const struct mlforge_count_hops *op, void *taken)
{
	int32_t *const count = taken;

	*count += *count < op->first;
}
