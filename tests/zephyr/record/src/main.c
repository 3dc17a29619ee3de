/* SPDX-License-Identifier: Apache-2.0
 *
 * A sensor whose frames are known: value j of frame i is 10 i + j. Lines of text go over the same
 * line.
 */
#include <zephyr/kernel.h>

#include "activity_mlforge.h"

#define FRAMES 400

int main(void)
{
	int32_t frame[ACTIVITY_PIPELINE_FRAME_LENGTH];

	for (int32_t i = 0; i < FRAMES; i++) {
		for (int32_t j = 0; j < ACTIVITY_PIPELINE_FRAME_LENGTH; j++) {
			frame[j] = 10 * i + j;
		}
		(void)mlforge_service_submit(&activity_service, frame, K_MSEC(100));
		if (i % 50 == 0) {
			printk("frame %d\n", i);
		}
		k_msleep(5);
	}
	printk("all sent\n");
	return 0;
}
