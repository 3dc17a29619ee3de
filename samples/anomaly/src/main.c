/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays recordings of a smartwatch, frame by frame as a sensor would deliver them, and says of
 * each window whether it is the exercise that was prescribed.
 */
#include <mlforge/instance.h>
#include <mlforge/reconstruction.h>
#include <string.h>
#include <zephyr/kernel.h>

#include "pendulum_mlforge.h"

#define CHANNELS   PENDULUM_PIPELINE_FRAME_LENGTH
#define FRAMES     128
#define PRESCRIBED "PEN"

struct recording {
	const char *exercise;
	int16_t frames[FRAMES][CHANNELS]; /* thousandths of g and rad/s, 50 frames a second */
};

static const struct recording recordings[] = {
#include "recording.inc"
};

/* How strange the newest window is: the inference overwrites its input, so a copy is what the
 * output is held against. */
static double strangeness(void)
{
	static int8_t window[PENDULUM_INPUT_BYTES];
	const struct mlforge_model *model = pendulum_instance.model;

	mlforge_features_read(pendulum_instance.features, window);
	memcpy(mlforge_input(&pendulum_instance, 0), window, sizeof(window));
	mlforge_infer(&pendulum_instance);
	return mlforge_reconstruction_error(&model->inputs[0], window, &model->outputs[0],
					    mlforge_output(&pendulum_instance, 0));
}

/* Prints each window of a recording; returns how many of them were judged rightly, and counts all
 * in *windows. */
static int replay(const struct recording *recording, int *windows)
{
	const bool prescribed = strcmp(recording->exercise, PRESCRIBED) == 0;
	int32_t frame[CHANNELS];
	int right = 0;

	mlforge_reset(&pendulum_instance);
	printk("%-4s", recording->exercise);
	for (size_t i = 0; i < FRAMES; i++) {
		for (size_t j = 0; j < CHANNELS; j++) {
			frame[j] = mlforge_frame_value((int64_t)recording->frames[i][j] * 1000,
						       pendulum_instance.frame_frac_bits);
		}
		if (mlforge_features_push(pendulum_instance.features, frame)) {
			const double score = strangeness();
			const bool anomaly = score > PENDULUM_THRESHOLD_ANOMALY;

			printk(" %s %d", anomaly ? "ANOMALY" : "normal", (int)(score * 1000.0));
			right += anomaly != prescribed;
			(*windows)++;
		}
	}
	printk("\n");
	return right;
}

int main(void)
{
	int windows = 0;
	int right = 0;

	printk("model %s, alarms above %d thousandths\n", pendulum_instance.model->name,
	       (int)(PENDULUM_THRESHOLD_ANOMALY * 1000.0));
	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		right += replay(&recordings[i], &windows);
	}
	printk("%d of %d windows judged rightly\n", right, windows);
	return 0;
}
