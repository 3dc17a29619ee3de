/* SPDX-License-Identifier: Apache-2.0
 *
 * In the place of the main of samples/anomaly: the monitor's error and decision beside those that
 * the application would make with floats.
 */
#include <mlforge/reconstruction.h>
#include <mlforge/release.h>
#include <zephyr/kernel.h>

#include "pendulum_mlforge.h"

#define CHANNELS PENDULUM_PIPELINE_FRAME_LENGTH

struct recording {
	const char *exercise;
	int16_t frames[128][CHANNELS];
};

static const struct recording recordings[] = {
#include "recording.inc"
};

static void replay(const struct recording *recording)
{
	const struct mlforge_model *model = pendulum_instance.model;
	static int8_t given[PENDULUM_INPUT_BYTES];
	int32_t frame[CHANNELS];

	mlforge_reset(&pendulum_instance);
	for (size_t i = 0; i < ARRAY_SIZE(recording->frames); i++) {
		for (size_t j = 0; j < CHANNELS; j++) {
			frame[j] = mlforge_frame_value((int64_t)recording->frames[i][j] * 1000,
						       pendulum_instance.frame_frac_bits);
		}
		if (mlforge_push(&pendulum_instance, frame)) {
			mlforge_features_read(pendulum_instance.features, given);
			const double error = mlforge_reconstruction_error(
				&model->inputs[0], given, &model->outputs[0],
				mlforge_output(&pendulum_instance, 0));

			printk("error %u %u, alarm %d %d\n", (uint32_t)(error * 65536.0),
			       mlforge_monitor_error(&mlforge_bundle_monitor),
			       error > PENDULUM_THRESHOLD_ANOMALY,
			       mlforge_monitor_decision(&mlforge_bundle_monitor));
		}
	}
}

int main(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(recordings); i++) {
		replay(&recordings[i]);
	}
	printk("alarms %u of %u\n", mlforge_bundle_monitor.state->alarms,
	       mlforge_bundle_monitor.state->windows);
	printk("state %d\n", mlforge_bundle_state());
	return 0;
}
