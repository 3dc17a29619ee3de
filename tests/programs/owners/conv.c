/* SPDX-License-Identifier: Apache-2.0
 *
 * A kernel, which uses what another object of the runtime has; and what the application calls.
 */
int kernel_sum(const signed char *values, const unsigned char *others, int count);

/* Called by the application, as it calls those that push samples. */
int kernel_push(int x)
{
	return x * 3 + 1;
}

int kernel_conv(const signed char *weights, unsigned char *arena)
{
	return kernel_sum(weights, arena, 64);
}
