/* SPDX-License-Identifier: Apache-2.0
 *
 * C++ of the application's, in a namespace that is called after the feature.
 */
#include <cstdint>

namespace activity
{
static volatile std::uint8_t arena[700];

template <typename T> T decode(T value)
{
	arena[value & 255] = static_cast<std::uint8_t>(value);
	return arena[value & 127];
}
} // namespace activity

extern "C" int activity_decode(int x)
{
	return activity::decode<int>(x);
}
