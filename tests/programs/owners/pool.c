/* SPDX-License-Identifier: Apache-2.0
 *
 * A kernel of the second model alone.
 */
static const unsigned char steps[200] = {1, 2, 3};

int kernel_pool(unsigned char *arena)
{
	int best = 0;

	for (int i = 0; i < 64; i++) {
		best = arena[i] + steps[arena[i]] > best ? arena[i] : best;
	}
	return best;
}
