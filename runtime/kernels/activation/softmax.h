/* SPDX-License-Identifier: Apache-2.0
 *
 * What SOFTMAX does whatever the type of its output. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_SOFTMAX_H_
#define MLFORGE_KERNELS_SOFTMAX_H_

#include "mlforge/kernels.h"

/* How to turn a row's exponentials into shares of their sum. */
struct mlforge_shares {
	int32_t largest; /* of the inputs */
	int32_t scale;   /* of Q0.31, less a power of two, which is in `shift` */
	int32_t shift;
};

/* `bits` of the output. */
struct mlforge_shares mlforge_softmax_shares(const struct mlforge_softmax *op, const int8_t *input,
					     int32_t bits);

/* The share of one input: at least 0; it can be 2^bits. */
int32_t mlforge_softmax_share(const struct mlforge_softmax *op, const struct mlforge_shares *shares,
			      int32_t input);

#endif /* MLFORGE_KERNELS_SOFTMAX_H_ */
