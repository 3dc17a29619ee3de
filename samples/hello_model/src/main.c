/* SPDX-License-Identifier: Apache-2.0
 *
 * Hands numbers to the inference service and prints what its model makes of them: their sines.
 */
#include <mlforge/service.h>
#include <zephyr/kernel.h>

#include "sine_mlforge.h"

/* 0 .. 2 pi in steps of pi / 8, and the sines, in thousandths. */
static const int16_t angles[] = {0,    393,  785,  1178, 1571, 1963, 2356, 2749, 3142,
				 3534, 3927, 4320, 4712, 5105, 5498, 5890, 6283};
static const int16_t sines[] = {0,    383,  707,  924,   1000, 924,  707,  383, 0,
				-383, -707, -924, -1000, -924, -707, -383, 0};

K_MSGQ_DEFINE(answers, sizeof(int32_t), 1, 4);

/* In the service's thread: the model's output as thousandths. */
static void on_result(const struct mlforge_result *result, void *user_data)
{
	const struct mlforge_tensor *output = &result->instance->model->outputs[0];
	const float thousandths =
		(float)(result->output[0] - output->zero_point) * output->scale * 1000.0F;
	const int32_t answer = (int32_t)(thousandths + (thousandths < 0.0F ? -0.5F : 0.5F));

	(void)k_msgq_put(user_data, &answer, K_NO_WAIT);
}

int main(void)
{
	static struct mlforge_listener listener = MLFORGE_LISTENER_INIT(on_result, &answers);
	int worst = 0;

	mlforge_service_listen(&sine_service, &listener);
	for (size_t i = 0; i < ARRAY_SIZE(angles); i++) {
		const int32_t frame =
			mlforge_frame_value(angles[i] * 1000, sine_instance.frame_frac_bits);
		int32_t answer;

		if (mlforge_service_submit(&sine_service, &frame, K_NO_WAIT) != 0 ||
		    k_msgq_get(&answers, &answer, K_SECONDS(1)) != 0) {
			printk("no answer\n");
			return 1;
		}
		printk("sine of %d is %d, the model says %d thousandths\n", angles[i], sines[i],
		       answer);
		worst = MAX(worst, answer > sines[i] ? answer - sines[i] : sines[i] - answer);
	}
	printk("%d answers, at most %d thousandths off\n", (int)ARRAY_SIZE(angles), worst);
	return 0;
}
