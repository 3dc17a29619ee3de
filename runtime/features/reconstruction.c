/* SPDX-License-Identifier: Apache-2.0
 *
 * How far an autoencoder's output is from its input. Exact sums of whole numbers, and floats only
 * at their end, so that the host and every target agree on which side of a threshold a window lies.
 */
#include "mlforge/reconstruction.h"

double mlforge_reconstruction_error(const struct mlforge_tensor *input, const int8_t *given,
				    const struct mlforge_tensor *output, const int8_t *made)
{
	const uint32_t count = input->bytes < output->bytes ? input->bytes : output->bytes;
	const double ratio = (double)output->scale / (double)input->scale;
	int64_t given_squares = 0;
	int64_t made_squares = 0;
	int64_t products = 0;

	for (uint32_t i = 0; i < count; i++) {
		const int32_t x = given[i] - input->zero_point;
		const int32_t y = made[i] - output->zero_point;

		given_squares += x * x;
		made_squares += y * y;
		products += x * y;
	}
	if (count == 0) {
		return 0.0;
	}
	return (double)input->scale * (double)input->scale *
	       ((double)given_squares - 2.0 * ratio * (double)products +
		ratio * ratio * (double)made_squares) /
	       (double)count;
}
