/* SPDX-License-Identifier: Apache-2.0
 *
 * SUB.
 */
#include "scaled_pair.h"

#define BITS 20 /* the reference's headroom */

static int32_t combine(int32_t a, int32_t b)
{
	return a - b;
}

void mlforge_sub_s8(const struct mlforge_scaled_pair *op, const int8_t *input_1, const int8_t *input_2,
		    int8_t *output)
{
	mlforge_scaled_pair(op, input_1, input_2, output, BITS, combine);
}
