/* SPDX-License-Identifier: Apache-2.0
 *
 * A sensor whose frames are known: value j of frame i is 10 i + j. Lines of text go over the same
 * line. Behind it come the frames of a replay, and what the model says of them.
 */
#include <zephyr/kernel.h>

#include "activity_mlforge.h"

#define FRAMES 100
#define PERIOD K_MSEC(IS_ENABLED(CONFIG_MLFORGE_RECORD_SMP) ? 20 : 5)

static void on_result(const struct mlforge_result *result, void *user_data)
{
	ARG_UNUSED(user_data);
	printk("result %u: %u\n", result->number,
	       mlforge_argmax(result->output, ACTIVITY_CLASSES_COUNT));
}
static struct mlforge_listener listener = MLFORGE_LISTENER_INIT(on_result, NULL);

int main(void)
{
	int32_t frame[ACTIVITY_PIPELINE_FRAME_LENGTH];

	mlforge_service_listen(&activity_service, &listener);
	for (int32_t i = 0; i < FRAMES; i++) {
		for (int32_t j = 0; j < ACTIVITY_PIPELINE_FRAME_LENGTH; j++) {
			frame[j] = 10 * i + j;
		}
		(void)mlforge_service_submit(&activity_service, frame, K_MSEC(100));
		if (i % 50 == 0) {
			printk("frame %d\n", i);
		}
		k_sleep(PERIOD);
	}
	printk("all sent\n");
	return 0;
}
