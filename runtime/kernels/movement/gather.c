/* SPDX-License-Identifier: Apache-2.0
 *
 * GATHER. The reference trusts the indices; here, one that comes from outside cannot make it read
 * elsewhere.
 */
#include <string.h>

#include "kernels/shared/arithmetic.h"

void mlforge_gather(const struct mlforge_gather *op, const int8_t *input, const void *indices,
		    int8_t *output)
{
	const int32_t *index = indices;

	for (uint32_t batch = 0; batch < op->batches; batch++) {
		for (uint32_t outer = 0; outer < op->outer; outer++) {
			for (uint32_t i = 0; i < op->indices; i++) {
				const int32_t place =
					mlforge_clamp(index[i], 0, (int32_t)op->axis - 1);

				memcpy(output, input + (uint32_t)place * op->slice_bytes,
				       op->slice_bytes);
				output += op->slice_bytes;
			}
			input += op->axis * op->slice_bytes;
		}
		index += op->indices;
	}
}
