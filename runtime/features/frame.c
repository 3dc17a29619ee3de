/* SPDX-License-Identifier: Apache-2.0
 *
 * Sensor values to the fixed point of a pipeline's frames.
 */
#include "mlforge/instance.h"

int32_t mlforge_frame_value(int64_t micro, int8_t frac_bits)
{
	const int64_t unit = frac_bits < 0 ? 1000000 * ((int64_t)1 << -frac_bits) : 1000000;
	const int64_t scaled = frac_bits < 0 ? micro : micro * ((int64_t)1 << frac_bits);
	const int64_t rounded = (scaled + (scaled < 0 ? -unit / 2 : unit / 2)) / unit;

	return rounded < INT32_MIN ? INT32_MIN : rounded > INT32_MAX ? INT32_MAX : (int32_t)rounded;
}
