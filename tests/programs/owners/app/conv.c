/* SPDX-License-Identifier: Apache-2.0
 *
 * Of the application's own library: a file that is called as a kernel's.
 */
static volatile unsigned char ble_arena[1000];

int kernel_conv_of_the_application(int x)
{
	ble_arena[x & 255] += 1;
	return ble_arena[x & 127];
}
