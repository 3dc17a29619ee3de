/* SPDX-License-Identifier: Apache-2.0 */
#include <zephyr/ztest.h>

#include "listening.h"
#include "microphone.h"
#include "voice.h"

#define LISTENING_BLOCK_BYTES (MICROPHONE_BLOCK_SAMPLES * sizeof(int16_t))

K_MEM_SLAB_DEFINE(listening_slab, LISTENING_BLOCK_BYTES, MLFORGE_STREAM_BLOCKS + 2, 4);

static void listening_configure(void)
{
	struct pcm_stream_cfg stream = {
		.pcm_rate = VOICE_RATE_HZ,
		.pcm_width = 16,
		.block_size = LISTENING_BLOCK_BYTES,
		.mem_slab = &listening_slab,
	};
	struct dmic_cfg config = {.streams = &stream, .channel = {.req_num_streams = 1}};

	zassert_ok(dmic_configure(microphone, &config));
}

void listen_for_ms(uint32_t time_ms)
{
	const int64_t ends_ms = k_uptime_get() + time_ms;
	void *samples;
	size_t size;

	listening_configure();
	zassert_ok(dmic_trigger(microphone, DMIC_TRIGGER_START));
	while (k_uptime_get() < ends_ms) {
		if (dmic_read(microphone, 0, &samples, &size, MICROPHONE_BLOCK_MS) != 0) {
			continue;
		}
		const struct mlforge_block block = MLFORGE_SLAB_BLOCK_INIT(
			samples, size / sizeof(int16_t), MLFORGE_SAMPLES_INT16, &listening_slab);

		if (mlforge_service_submit_block(&voice_service, &block, K_NO_WAIT) != 0) {
			k_mem_slab_free(&listening_slab, samples);
		}
	}
	zassert_ok(dmic_trigger(microphone, DMIC_TRIGGER_STOP));
	while (dmic_read(microphone, 0, &samples, &size, 0) == 0) {
		k_mem_slab_free(&listening_slab, samples);
	}
}
