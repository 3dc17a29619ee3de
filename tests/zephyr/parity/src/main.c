/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints the inputs and outputs of a model for frames that a test knows, too. The test puts a
 * contract and a locked model beside prj.conf.
 */
#include <mlforge/instance.h>
#include <zephyr/kernel.h>

#include "activity_mlforge.h"

#define FRAMES     64
#define LINE_BYTES 64 /* consoles break longer lines */

static int32_t next_value(void)
{
	static uint32_t state = 1;

	state = state * 1664525U + 1013904223U;
	return (int32_t)state >> 13;
}

static void print_bytes(const char *what, const int8_t *bytes, uint32_t count)
{
	printk("%s\n", what);
	for (uint32_t i = 0; i < count; i++) {
		printk("%02x%s", (uint8_t)bytes[i],
		       i % LINE_BYTES == LINE_BYTES - 1 || i + 1 == count ? "\n" : "");
	}
}

int main(void)
{
	int32_t frame[ACTIVITY_PIPELINE_FRAME_LENGTH];
	static int8_t input[ACTIVITY_INPUT_BYTES];

	for (int i = 0; i < FRAMES; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(frame); j++) {
			frame[j] = next_value();
		}
		if (mlforge_push(&activity_instance, frame)) {
			mlforge_features_read(activity_instance.features, input);
			print_bytes("input", input, sizeof(input));
			print_bytes("output", mlforge_output(&activity_instance, 0),
				    ACTIVITY_OUTPUT_BYTES);
		}
	}
	printk("done\n");
	return 0;
}
