/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays recordings of a smartwatch, frame by frame as a sensor would deliver them, and says which
 * exercise each is.
 */
#include <mlforge/instance.h>
#include <string.h>
#include <zephyr/kernel.h>

#include "activity_mlforge.h"

#define CHANNELS      ACTIVITY_PIPELINE_FRAME_LENGTH
#define WINDOW_FRAMES 128

struct recording {
	const char *exercise;
	int16_t frames[WINDOW_FRAMES]
		      [CHANNELS]; /* thousandths of g and rad/s, 50 frames a second */
};

static const struct recording recordings[] = {
#include "recording.inc"
};

/* A score of the model as a share of 1000. */
static int permille(int8_t value)
{
	const struct mlforge_tensor *output = &activity_instance.model->outputs[0];

	return (int)((float)(value - output->zero_point) * output->scale * 1000.0F + 0.5F);
}

static bool recognise(const struct recording *recording)
{
	int32_t frame[CHANNELS];
	bool ready = false;

	mlforge_reset(&activity_instance);
	for (size_t i = 0; i < WINDOW_FRAMES; i++) {
		for (size_t j = 0; j < CHANNELS; j++) {
			frame[j] = mlforge_frame_value((int64_t)recording->frames[i][j] * 1000,
						       activity_instance.frame_frac_bits);
		}
		ready = mlforge_push(&activity_instance, frame);
	}
	if (!ready) {
		printk("%s: the window is not complete\n", recording->exercise);
		return false;
	}
	const int8_t *scores = mlforge_output(&activity_instance, 0);
	const char *found =
		activity_instance.classes[mlforge_argmax(scores, ACTIVITY_CLASSES_COUNT)];

	printk("%-4s recognised as %-4s scores", recording->exercise, found);
	for (size_t i = 0; i < ACTIVITY_CLASSES_COUNT; i++) {
		printk(" %s:%d", activity_instance.classes[i], permille(scores[i]));
	}
	printk("\n");
	return strcmp(found, recording->exercise) == 0;
}

int main(void)
{
	int right = 0;

	printk("model %s, arena %u bytes\n", activity_instance.model->name,
	       activity_instance.model->arena_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		right += recognise(&recordings[i]);
	}
	printk("%d of %d windows recognised\n", right, (int)ARRAY_SIZE(recordings));
	return 0;
}
