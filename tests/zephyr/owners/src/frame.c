/* SPDX-License-Identifier: Apache-2.0
 *
 * The application's own framing; the runtime's features have a frame.c, too.
 */
static const volatile unsigned char table[3000] = {1, 2, 3};

int frame_crc(int x)
{
	return table[x & 255];
}
