/* SPDX-License-Identifier: Apache-2.0
 *
 * Square roots and logarithms. A chord lies below a concave curve by at most width^2 / 8 times its
 * second derivative.
 */
#include "features/root.h"

#include "features/q15.h"

/* sqrt(i / 64) * 2^16 for i = 16 to 64 */
static const uint16_t mlforge_roots[49] = {
	32768, 33776, 34756, 35708, 36636, 37540, 38424, 39287, 40132, 40960, 41771, 42567, 43348,
	44115, 44869, 45611, 46341, 47059, 47767, 48465, 49152, 49830, 50499, 51159, 51811, 52454,
	53090, 53719, 54340, 54954, 55561, 56162, 56756, 57344, 57926, 58503, 59073, 59639, 60199,
	60753, 61303, 61848, 62388, 62924, 63455, 63982, 64504, 65022, 65535,
};

/* log2(1 + i / 32) * 2^16 for i = 0 to 32 */
const uint16_t mlforge_logarithms[33] = {
	0,     2909,  5732,  8473,  11136, 13727, 16248, 18704, 21098, 23433, 25711,
	27936, 30109, 32234, 34312, 36346, 38336, 40286, 42196, 44068, 45904, 47705,
	49472, 51207, 52911, 54584, 56229, 57845, 59434, 60997, 62534, 64047, 65535,
};

uint32_t mlforge_root_q16(uint32_t value)
{
	const uint32_t pairs = mlforge_leading_zeros(value) / 2U;

	if (value == 0) {
		return 0;
	}
	value <<= 2U * pairs;
	return (mlforge_between(&mlforge_roots[(value >> 26) - 16U], (value >> 10) & 0xffffU)
		<< 16) >>
	       pairs;
}
