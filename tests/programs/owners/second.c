/* SPDX-License-Identifier: Apache-2.0
 *
 * A second model, which shares a kernel with the first and has one of its own.
 */
static const signed char second_w00_weights[150] = {1};

static unsigned char second_arena[64];

int kernel_conv(const signed char *weights, unsigned char *arena);
int kernel_pool(unsigned char *arena);

static int second_invoke(unsigned char *arena)
{
	return kernel_conv(second_w00_weights, arena) + kernel_pool(arena);
}

const struct {
	const char *name;
	int (*invoke)(unsigned char *arena);
	unsigned char *arena;
} second_model = {"a name that every object has", second_invoke, second_arena};
