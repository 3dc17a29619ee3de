/* SPDX-License-Identifier: Apache-2.0
 *
 * An application whose names are those of a model `net`, of the runtime and of anybody's arena.
 */
struct model {
	const char *name;
	int (*invoke)(unsigned char *arena);
	unsigned char *arena;
};

extern const struct model net_model;
#ifdef WITH_SECOND
extern const struct model second_model;
#endif

const unsigned char net_words[4000] = {1};
static volatile unsigned char net_ring[2000];
volatile unsigned char net_log[16384];
static volatile unsigned char json_arena[1024];
static volatile unsigned char malloc_arena[512];
static volatile int initialised[100] = {1, 2, 3};

/* What the compiler calls the model's own. */
static const volatile signed char net_w00_weights[300] = {2};

static __attribute__((noinline)) int net_op00_conv_2d(int x)
{
	return net_w00_weights[x & 255] + net_words[x];
}

int frame_crc(int x);
int kernel_push(int x);
int kernel_conv_of_the_application(int x);
int net_decode(int x);

const char *volatile name = "a name that every object has";

void start(void)
{
	int x = net_model.invoke(net_model.arena);

#ifdef WITH_SECOND
	x += second_model.invoke(second_model.arena);
#endif
	net_ring[x & 255] += 1;
	net_log[x & 255] += net_ring[x & 127];
	json_arena[x & 255] += malloc_arena[x & 127];
	malloc_arena[x & 255] += initialised[x & 63];
	initialised[x & 63] +=
		net_op00_conv_2d(x) + frame_crc(x) + net_decode(x) + name[x & 7] + kernel_push(x);
	initialised[x & 31] += kernel_conv_of_the_application(x);
}
