/* SPDX-License-Identifier: Apache-2.0
 *
 * LOGISTIC and TANH of int16.
 */
#include "sigmoid_s16.h"

#include "mlforge/kernels.h"

void mlforge_sigmoid_s16(const struct mlforge_sigmoid *op, const void *input, void *output)
{
	const int16_t *from = input;
	int16_t *to = output;

	for (uint32_t i = 0; i < op->count; i++) {
		const int32_t x = mlforge_sigmoid_argument(from[i], op->multiplier, op->shift);

		to[i] = (int16_t)(op->is_tanh ? mlforge_tanh_of(op->table, x)
					      : mlforge_logistic_of(op->table, x));
	}
}
