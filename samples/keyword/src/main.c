/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays a recording as a microphone's driver would deliver it, in blocks of 10 ms, and says which
 * words it hears.
 */
#include <mlforge/instance.h>
#include <zephyr/kernel.h>

#include "keyword_mlforge.h"

#define RATE_HZ       8000
#define BLOCK_SAMPLES (RATE_HZ / 100)

/* int16 samples in the fixed point of the features: make_recording.py writes them. */
static const uint8_t replay[] __aligned(4) = {
#include <replay.pcm.inc>
};
BUILD_ASSERT(KEYWORD_PIPELINE_FRAC_BITS == 15, "the replay has a full scale of 1.0");

static int report(uint32_t samples)
{
	const int32_t event = mlforge_event(&keyword_instance);

	if (event == MLFORGE_NO_DECISION) {
		return 0;
	}
	printk("%u.%02u s: %s\n", samples / RATE_HZ, samples % RATE_HZ * 100 / RATE_HZ,
	       keyword_instance.classes[event]);
	return 1;
}

int main(void)
{
	const int16_t *samples = (const int16_t *)replay;
	const uint32_t count = sizeof(replay) / sizeof(int16_t);
	int words = 0;

	printk("model %s, arena %u bytes, %u ms of sound\n", keyword_instance.model->name,
	       keyword_instance.model->arena_bytes, count / (RATE_HZ / 1000));
	for (uint32_t at = 0; at < count;) {
		bool inferred;

		at += mlforge_push_block(&keyword_instance, &samples[at], MLFORGE_SAMPLES_INT16,
					 MIN(BLOCK_SAMPLES, count - at), &inferred);
		words += inferred ? report(at) : 0;
	}
	printk("%d words heard\n", words);
	return 0;
}
