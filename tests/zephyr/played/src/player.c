/* SPDX-License-Identifier: Apache-2.0 */
#include "player.h"

#include <errno.h>
#include <string.h>
#include <zephyr/device.h>

#define PLAYER_BLOCK_BYTES (PLAYER_BLOCK_SAMPLES * sizeof(int16_t))

static const int16_t player_samples[] = {
#include "voice.inc"
};

BUILD_ASSERT(ARRAY_SIZE(player_samples) % PLAYER_BLOCK_SAMPLES == 0);

const uint32_t player_blocks = ARRAY_SIZE(player_samples) / PLAYER_BLOCK_SAMPLES;

atomic_t player_overruns;

static struct k_mem_slab *player_slab;
static uint32_t player_at; /* the next block */

K_MSGQ_DEFINE(player_filled, sizeof(void *), 32, sizeof(void *));

static void player_on_timer(struct k_timer *timer)
{
	void *block;

	if (player_at == player_blocks) {
		k_timer_stop(timer);
		return;
	}
	const int16_t *from = &player_samples[player_at++ * PLAYER_BLOCK_SAMPLES];

	if (k_mem_slab_alloc(player_slab, &block, K_NO_WAIT) != 0) {
		(void)atomic_inc(&player_overruns);
		return;
	}
	memcpy(block, from, PLAYER_BLOCK_BYTES);
	(void)k_msgq_put(&player_filled, &block, K_NO_WAIT);
}

static K_TIMER_DEFINE(player_timer, player_on_timer, NULL);

static int player_set_up(struct k_mem_slab *slab, size_t block_bytes, uint32_t rate_hz,
			 uint32_t bits)
{
	if (rate_hz != PLAYER_RATE_HZ || bits != 16 || block_bytes != PLAYER_BLOCK_BYTES) {
		return -EINVAL;
	}
	player_slab = slab;
	return 0;
}

static int player_begin(bool begin)
{
	if (begin) {
		player_at = 0;
		k_timer_start(&player_timer, K_MSEC(PLAYER_BLOCK_MS), K_MSEC(PLAYER_BLOCK_MS));
	} else {
		k_timer_stop(&player_timer);
	}
	return 0;
}

static int dmic_set_up(const struct device *dev, struct dmic_cfg *config)
{
	const struct pcm_stream_cfg *stream = &config->streams[0];

	ARG_UNUSED(dev);
	return player_set_up(stream->mem_slab, stream->block_size, stream->pcm_rate,
			     stream->pcm_width);
}

static int dmic_command(const struct device *dev, enum dmic_trigger command)
{
	ARG_UNUSED(dev);
	return player_begin(command == DMIC_TRIGGER_START);
}

static int dmic_give(const struct device *dev, uint8_t stream, void **buffer, size_t *size,
		     int32_t timeout)
{
	ARG_UNUSED(dev);
	ARG_UNUSED(stream);
	*size = PLAYER_BLOCK_BYTES;
	return k_msgq_get(&player_filled, buffer, SYS_TIMEOUT_MS(timeout));
}

static const struct _dmic_ops dmic_api = {
	.configure = dmic_set_up,
	.trigger = dmic_command,
	.read = dmic_give,
};

static int32_t i2s_timeout_ms;

static int i2s_set_up(const struct device *dev, enum i2s_dir direction,
		      const struct i2s_config *config)
{
	ARG_UNUSED(dev);
	i2s_timeout_ms = config->timeout;
	return direction == I2S_DIR_RX ? player_set_up(config->mem_slab, config->block_size,
						       config->frame_clk_freq, config->word_size)
				       : -ENOSYS;
}

static int i2s_give(const struct device *dev, void **block, size_t *size)
{
	ARG_UNUSED(dev);
	*size = PLAYER_BLOCK_BYTES;
	return k_msgq_get(&player_filled, block, SYS_TIMEOUT_MS(i2s_timeout_ms));
}

static int i2s_command(const struct device *dev, enum i2s_dir direction,
		       enum i2s_trigger_cmd command)
{
	ARG_UNUSED(dev);
	ARG_UNUSED(direction);
	return player_begin(command == I2S_TRIGGER_START);
}

static const struct i2s_driver_api i2s_api = {
	.configure = i2s_set_up,
	.read = i2s_give,
	.trigger = i2s_command,
};

DEVICE_DEFINE(played_dmic, "dmic", NULL, NULL, NULL, NULL, POST_KERNEL,
	      CONFIG_KERNEL_INIT_PRIORITY_DEVICE, &dmic_api);
DEVICE_DEFINE(played_i2s, "i2s", NULL, NULL, NULL, NULL, POST_KERNEL,
	      CONFIG_KERNEL_INIT_PRIORITY_DEVICE, &i2s_api);

const struct device *const player_dmic = DEVICE_GET(played_dmic);
const struct device *const player_i2s = DEVICE_GET(played_i2s);
