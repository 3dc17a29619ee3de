/* SPDX-License-Identifier: Apache-2.0
 *
 * What several kernels share, and a function that only few of them use.
 */
int kernel_sum(const signed char *values, const unsigned char *others, int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++) {
		sum += values[i] * others[i];
	}
	return sum;
}
