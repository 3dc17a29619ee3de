/* SPDX-License-Identifier: Apache-2.0
 *
 * C++ of the application's, in a namespace that is called as the model is.
 */
namespace net
{
static volatile unsigned char arena[700];

template <typename T> T decode(T value)
{
	arena[value & 255] = static_cast<unsigned char>(value);
	return arena[value & 127];
}
} // namespace net

extern "C" int net_decode(int x)
{
	return net::decode<int>(x);
}
