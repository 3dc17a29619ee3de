/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <zephyr/device.h>

#include "microphone.h"
#include "voice.h"

atomic_t microphone_overruns;

static struct k_mem_slab *microphone_slab;
static uint32_t microphone_at; /* the next sample */

K_MSGQ_DEFINE(microphone_filled, sizeof(void *), 32, sizeof(void *));

static void microphone_on_timer(struct k_timer *timer)
{
	void *block;

	ARG_UNUSED(timer);
	if (k_mem_slab_alloc(microphone_slab, &block, K_NO_WAIT) != 0) {
		microphone_at += MICROPHONE_BLOCK_SAMPLES;
		(void)atomic_inc(&microphone_overruns);
		return;
	}
	for (uint32_t i = 0; i < MICROPHONE_BLOCK_SAMPLES; i++) {
		((int16_t *)block)[i] = voice_sample(microphone_at++);
	}
	(void)k_msgq_put(&microphone_filled, &block, K_NO_WAIT);
}

static K_TIMER_DEFINE(microphone_timer, microphone_on_timer, NULL);

static int microphone_configure(const struct device *dev, struct dmic_cfg *config)
{
	const struct pcm_stream_cfg *stream = &config->streams[0];

	ARG_UNUSED(dev);
	if (stream->pcm_rate != VOICE_RATE_HZ || stream->pcm_width != 16 ||
	    stream->block_size != MICROPHONE_BLOCK_SAMPLES * sizeof(int16_t)) {
		return -EINVAL;
	}
	microphone_slab = stream->mem_slab;
	return 0;
}

static int microphone_trigger(const struct device *dev, enum dmic_trigger command)
{
	ARG_UNUSED(dev);
	if (command == DMIC_TRIGGER_START) {
		microphone_at = 0;
		(void)atomic_clear(&microphone_overruns);
		k_timer_start(&microphone_timer, K_MSEC(MICROPHONE_BLOCK_MS),
			      K_MSEC(MICROPHONE_BLOCK_MS));
	} else {
		k_timer_stop(&microphone_timer);
	}
	return 0;
}

static int microphone_read(const struct device *dev, uint8_t stream, void **buffer, size_t *size,
			   int32_t timeout)
{
	ARG_UNUSED(dev);
	ARG_UNUSED(stream);
	*size = MICROPHONE_BLOCK_SAMPLES * sizeof(int16_t);
	return k_msgq_get(&microphone_filled, buffer, SYS_TIMEOUT_MS(timeout));
}

static const struct _dmic_ops microphone_api = {
	.configure = microphone_configure,
	.trigger = microphone_trigger,
	.read = microphone_read,
};

DEVICE_DEFINE(played_microphone, "microphone", NULL, NULL, NULL, NULL, POST_KERNEL,
	      CONFIG_KERNEL_INIT_PRIORITY_DEVICE, &microphone_api);

const struct device *const microphone = DEVICE_GET(played_microphone);
