/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays recordings of a machine as an accelerometer's FIFO would deliver them, and says when and
 * how its bearing is damaged.
 */
#include <mlforge/instance.h>
#include <zephyr/kernel.h>

#include "bearing_mlforge.h"
#include "replay.h"

#define RATE_HZ       8000
#define BLOCK_SAMPLES 256

/* int16 samples in the fixed point of the features: make_recording.py writes them. */
static const uint8_t replay[] __aligned(4) = {
#include <replay.pcm.inc>
};
BUILD_ASSERT(BEARING_PIPELINE_FRAC_BITS == REPLAY_FRAC_BITS, "run make_recording.py again");

static int report(uint32_t samples)
{
	const int32_t event = mlforge_event(&bearing_instance);

	if (event == MLFORGE_NO_DECISION) {
		return 0;
	}
	printk("%u.%02u s: %s\n", samples / RATE_HZ, samples % RATE_HZ * 100 / RATE_HZ,
	       bearing_instance.classes[event]);
	return 1;
}

int main(void)
{
	const int16_t *samples = (const int16_t *)replay;
	const uint32_t count = sizeof(replay) / sizeof(int16_t);
	int events = 0;

	printk("model %s, arena %u bytes, %u ms of vibration\n", bearing_instance.model->name,
	       bearing_instance.model->arena_bytes, count / (RATE_HZ / 1000));
	for (uint32_t at = 0; at < count;) {
		bool inferred;

		at += mlforge_push_block(&bearing_instance, &samples[at], MLFORGE_SAMPLES_INT16,
					 MIN(BLOCK_SAMPLES, count - at), &inferred);
		events += inferred ? report(at) : 0;
	}
	printk("%d damages reported\n", events);
	return 0;
}
