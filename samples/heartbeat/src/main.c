/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays 20 s of a photoplethysmogram, sample by sample, and counts the beats.
 */
#include <mlforge/instance.h>
#include <zephyr/kernel.h>

#include "heartbeat_mlforge.h"
#include "recording.h"

#define RATE_HZ 50

int main(void)
{
	int beats = 0;

	printk("model %s, arena %u bytes, %u s of pulse\n", heartbeat_instance.model->name,
	       heartbeat_instance.model->arena_bytes, (unsigned int)ARRAY_SIZE(replay) / RATE_HZ);
	for (size_t i = 0; i < ARRAY_SIZE(replay); i++) {
		const int32_t frame = mlforge_frame_value((int64_t)replay[i] * 1000,
							  heartbeat_instance.frame_frac_bits);

		if (mlforge_push(&heartbeat_instance, &frame) &&
		    mlforge_event(&heartbeat_instance) >= 0) {
			beats++;
		}
	}
	printk("%d beats, %d a minute, %d marked\n", beats,
	       beats * 60 * RATE_HZ / (int)ARRAY_SIZE(replay), MARKED_BEATS);
	return 0;
}
