/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the transform and the logarithm: scaling, energies, filters, square roots.
 */
#include <string.h>

#include "features/q15.h"
#include "signal/root64.h"
#include "mlforge/tflm_signal.h"

uint32_t mlforge_tflm_scale_bits(int16_t largest)
{
	/* Of none, and of the least value, the library finds 32 bits. */
	return largest > 0 ? mlforge_leading_zeros((uint32_t)largest) - 17U : 0U;
}

void mlforge_tflm_energies(const int16_t *bins, uint32_t count, uint32_t *energies)
{
	for (uint32_t i = 0; i < count; i++) {
		int16_t bin[2];

		memcpy(bin, &bins[2U * i], sizeof(bin)); /* may be the place of the energy */
		const uint32_t energy = (uint32_t)(bin[0] * bin[0]) + (uint32_t)(bin[1] * bin[1]);

		memcpy(&energies[i], &energy, sizeof(energy));
	}
}

void mlforge_tflm_filter(const struct mlforge_tflm_bank *bank, const uint32_t *energies, void *sums)
{
	uint8_t *to = sums;
	uint64_t sum = 0;

	for (uint32_t segment = 0; segment <= bank->filters; segment++) {
		const uint32_t *bins = &energies[bank->bins[segment]];
		const int16_t *weights = &bank->weights[bank->offsets[segment]];
		const int16_t *rests = &bank->rests[bank->offsets[segment]];
		uint64_t next = 0;

		for (int32_t i = 0; i < bank->widths[segment]; i++) {
			sum += (uint64_t)weights[i] * bins[i];
			next += (uint64_t)rests[i] * bins[i];
		}
		if (segment > 0) {
			memcpy(to, &sum, sizeof(sum));
			to += sizeof(sum);
		}
		sum = next;
	}
}

uint32_t mlforge_tflm_root(uint64_t value)
{
	const uint32_t most = value >> 32 == 0 ? UINT16_MAX : UINT32_MAX;
	const uint32_t root = mlforge_root_u64(value);

	return value - (uint64_t)root * root > root && root != most ? root + 1U : root;
}
