/* SPDX-License-Identifier: Apache-2.0
 *
 * Another library, with an arena of its own and a file that is called as one of the kernels is.
 */
static volatile unsigned char ble_arena[1000];

int ble_send(int x)
{
	ble_arena[x & 255] += 1;
	return ble_arena[x & 127];
}
