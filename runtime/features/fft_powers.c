/* SPDX-License-Identifier: Apache-2.0
 *
 * Power and magnitude of the bins of a transform.
 */
#include "features/fft.h"
#include "features/q15.h"
#include "features/root.h"
#include "features/vectors.h"

void mlforge_fft_powers(const int32_t *z, uint32_t size, uint32_t shift, int32_t *out,
			uint32_t step)
{
	const int32_t last = z[1];
	int32_t *const end = &out[size / 2U * step];

	*out = (int32_t)mlforge_square_high((int32_t)((uint32_t)z[0] << shift));
	z += 2;
	out += step;
#if MLFORGE_VECTORS
	if (step == 1) {
		const uint32_t bins = (size / 2U - 1U) & ~3U;

		mlforge_powers_vectors(z, bins, shift, out);
		z += 2U * bins;
		out += bins;
	}
#endif
	for (; out != end; out += step, z += 2) {
		const uint32_t re = mlforge_square_high((int32_t)((uint32_t)z[0] << shift));
		const uint32_t im = mlforge_square_high((int32_t)((uint32_t)z[1] << shift));

		*out = (int32_t)(re + im);
	}
	*out = (int32_t)mlforge_square_high((int32_t)((uint32_t)last << shift));
}

void mlforge_fft_magnitudes(int32_t *out, uint32_t count, uint32_t shift, uint32_t step)
{
	for (uint32_t i = 0; i < count; i++, out += step) {
		*out = (int32_t)(mlforge_root_q16((uint32_t)*out) >> shift);
	}
}
