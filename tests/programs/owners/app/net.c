/* SPDX-License-Identifier: Apache-2.0
 *
 * The application's own file that is called as the model's; runtime/features has a frame.c, too.
 */
static const volatile unsigned char table[3000] = {1, 2, 3};

int frame_crc(int x)
{
	return table[x & 255];
}
