/* SPDX-License-Identifier: Apache-2.0
 *
 * What the build step generates for a model `net`, in short: a table of weights, an operator that
 * calls a kernel, a descriptor; and, of the instance, an arena and a service's state.
 */
#ifndef NET_TABLE
#define NET_TABLE static const signed char
#endif

NET_TABLE net_w00_weights[400] = {1};

static unsigned char net_arena[256];
static volatile int net_service_state[5];

int kernel_conv(const signed char *weights, unsigned char *arena);

static __attribute__((noinline)) int net_op00_conv_2d(unsigned char *arena)
{
	return kernel_conv(net_w00_weights, arena);
}

static int net_invoke(unsigned char *arena)
{
	net_service_state[1] = net_op00_conv_2d(arena);
	return net_service_state[1];
}

const struct {
	const char *name;
	int (*invoke)(unsigned char *arena);
	unsigned char *arena;
} net_model = {"a name that every object has", net_invoke, net_arena};
