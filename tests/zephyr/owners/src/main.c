/* SPDX-License-Identifier: Apache-2.0
 *
 * An application that names its own things as MLForge names the models', the way applications do:
 * by the feature. Two of its models have contracts (activity, sine), one has none (motor).
 */
#include <stdlib.h>
#include <zephyr/kernel.h>

#include "activity_mlforge.h"
#include "motor_mlforge.h"
#include "sine_mlforge.h"

const uint8_t activity_words[4000] = {1}; /* texts of a display */
static uint8_t activity_ring[2000];
uint8_t activity_log[16384]; /* CONFIG_MLFORGE_SERVICE is not set: there is no service */
static volatile unsigned char json_arena[1024];

/* What the compiler calls its own. */
static const volatile int8_t activity_w00_weights[300] = {2};

static __noinline int activity_op00_conv_2d(int x)
{
	return activity_w00_weights[x & 255] + 1;
}

static __noinline int activity_invoke(int x)
{
	return activity_op00_conv_2d(x) + 3;
}

int frame_crc(int x);
int ble_send(int x);
int activity_version(int x);
int activity_decode(int x);

int main(void)
{
	const int32_t frame[ACTIVITY_PIPELINE_FRAME_LENGTH] = {0};
	volatile int x = 1;
	void *const heap = malloc(100);

	activity_ring[x] += 1;
	activity_log[x] += 1;
	json_arena[x] += 1;
	x += activity_words[x] + activity_ring[x] + activity_log[x] + json_arena[x] +
	     (heap != NULL);
	x += activity_invoke(x) + frame_crc(x) + ble_send(x) + activity_version(x) +
	     activity_decode(x);
	free(heap);
	(void)mlforge_push(&activity_instance, frame);
	(void)mlforge_push(&sine_instance, frame);
	x += mlforge_infer(&activity_instance) + mlforge_infer(&sine_instance) +
	     mlforge_infer(&motor_instance);
	printk("%d\n", x);
	return 0;
}
