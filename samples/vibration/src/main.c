/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays the accelerometer of one machine with a healthy bearing and with damaged ones, a block of
 * samples at a time, as a FIFO delivers them.
 */
#include <string.h>

#include <mlforge/instance.h>
#include <zephyr/kernel.h>

#include "bearing_mlforge.h"

#define SAMPLES 3200
#define BLOCK   64

struct recording {
	const char *state;
	int16_t values[SAMPLES]; /* mg */
};

static const struct recording recordings[] = {
#include "recording.inc"
};

BUILD_ASSERT(SAMPLES % BLOCK == 0);

/* The class of the newest window, or NULL where none is complete. */
static const char *recognise(const struct recording *recording)
{
	const char *found = NULL;
	int32_t block[BLOCK];

	mlforge_reset(&bearing_instance);
	for (uint32_t at = 0; at < SAMPLES; at += BLOCK) {
		for (uint32_t i = 0; i < BLOCK; i++) {
			block[i] = mlforge_frame_value((int64_t)recording->values[at + i] * 1000,
						       bearing_instance.frame_frac_bits);
		}
		for (uint32_t taken = 0; taken < BLOCK;) {
			bool inferred;

			taken +=
				mlforge_push_block(&bearing_instance, &block[taken],
						   MLFORGE_SAMPLES_INT32, BLOCK - taken, &inferred);
			if (inferred) {
				found = bearing_instance.classes[mlforge_argmax(
					mlforge_output(&bearing_instance, 0),
					BEARING_CLASSES_COUNT)];
			}
		}
	}
	return found;
}

int main(void)
{
	int right = 0;

	printk("model %s, arena %u bytes\n", bearing_instance.model->name,
	       bearing_instance.model->arena_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		const char *found = recognise(&recordings[i]);

		printk("%-7s recognised as %s\n", recordings[i].state, found ? found : "nothing");
		right += found && strcmp(found, recordings[i].state) == 0;
	}
	printk("%d of %d bearings recognised\n", right, (int)ARRAY_SIZE(recordings));
	return 0;
}
