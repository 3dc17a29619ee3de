/* SPDX-License-Identifier: Apache-2.0
 *
 * Plays a recording through a microphone's driver, the same through I2S, and another through a
 * sensor's FIFO, and prints what the models make of each window. The test knows what must come.
 */
#include <mlforge/sensor.h>
#include <mlforge/service.h>
#include <zephyr/kernel.h>

#include "feel_mlforge.h"
#include "fifo.h"
#include "forest_mlforge.h"
#include "hear_mlforge.h"
#include "player.h"

#define BLOCK_BYTES (PLAYER_BLOCK_SAMPLES * sizeof(int16_t))
#define SETTLE      K_MSEC(300)

K_MEM_SLAB_DEFINE_STATIC(slab, BLOCK_BYTES, MLFORGE_STREAM_BLOCKS + 2, 4);

static void print_bytes(const char *name, const int8_t *bytes, uint32_t count)
{
	printk("%s ", name);
	for (uint32_t i = 0; i < count; i++) {
		printk("%02x", (uint8_t)bytes[i]);
	}
	printk("\n");
}

static void on_result(const struct mlforge_result *result, void *user_data)
{
	ARG_UNUSED(user_data);
	print_bytes(result->instance->model->name, result->output,
		    result->instance->model->outputs[0].bytes);
}

static struct mlforge_listener hearing = MLFORGE_LISTENER_INIT(on_result, NULL);
static struct mlforge_listener feeling = MLFORGE_LISTENER_INIT(on_result, NULL);

static void print_stats(const struct mlforge_service *service, const char *of)
{
	struct mlforge_stats stats;

	k_sleep(SETTLE);
	mlforge_service_stats(service, &stats);
	printk("%s: %u submitted, %u refused, %u gaps, %u queued, %u overruns\n", of,
	       stats.submitted, stats.refused, stats.gaps, stats.queued,
	       (uint32_t)(atomic_get(&player_overruns) + atomic_get(&fifo_overruns)));
	mlforge_service_reset_stats(service);
}

static void submit(void *samples, size_t bytes)
{
	const struct mlforge_block block = MLFORGE_SLAB_BLOCK_INIT(samples, bytes / sizeof(int16_t),
								   MLFORGE_SAMPLES_INT16, &slab);

	if (mlforge_service_submit_block(&hear_service, &block, K_NO_WAIT) != 0) {
		k_mem_slab_free(&slab, samples);
	}
}

static int listen_by_dmic(void)
{
	struct pcm_stream_cfg stream = {.pcm_rate = PLAYER_RATE_HZ,
					.pcm_width = 16,
					.block_size = BLOCK_BYTES,
					.mem_slab = &slab};
	struct dmic_cfg config = {.streams = &stream, .channel = {.req_num_streams = 1}};
	int status = dmic_configure(player_dmic, &config);
	void *samples;
	size_t bytes;

	status = status ? status : dmic_trigger(player_dmic, DMIC_TRIGGER_START);
	for (uint32_t i = 0; status == 0 && i < player_blocks; i++) {
		status = dmic_read(player_dmic, 0, &samples, &bytes, 1000);
		if (status == 0) {
			submit(samples, bytes);
		}
	}
	return status ? status : dmic_trigger(player_dmic, DMIC_TRIGGER_STOP);
}

static int listen_by_i2s(void)
{
	const struct i2s_config config = {.word_size = 16,
					  .channels = 1,
					  .frame_clk_freq = PLAYER_RATE_HZ,
					  .mem_slab = &slab,
					  .block_size = BLOCK_BYTES,
					  .timeout = 1000};
	int status = i2s_configure(player_i2s, I2S_DIR_RX, &config);
	void *samples;
	size_t bytes;

	status = status ? status : i2s_trigger(player_i2s, I2S_DIR_RX, I2S_TRIGGER_START);
	for (uint32_t i = 0; status == 0 && i < player_blocks; i++) {
		status = i2s_read(player_i2s, &samples, &bytes);
		if (status == 0) {
			submit(samples, bytes);
		}
	}
	return status ? status : i2s_trigger(player_i2s, I2S_DIR_RX, I2S_TRIGGER_STOP);
}

static int feel(void)
{
	const int status = mlforge_sensor_start(&feel_sensor);

	k_sleep(K_USEC((int64_t)fifo_samples * FIFO_PERIOD_US));
	k_sleep(SETTLE);
	return status;
}

static void ask_the_forest(void)
{
	static const int8_t rows[][FOREST_INPUT_BYTES] = {
#include "forest.inc"
	};
	int8_t output[FOREST_OUTPUT_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		(void)mlforge_service_infer(&forest_service, rows[i], output, K_FOREVER);
		print_bytes("forest", output, sizeof(output));
	}
}

int main(void)
{
	(void)mlforge_service_listen(&hear_service, &hearing);
	(void)mlforge_service_listen(&feel_service, &feeling);

	int status = listen_by_dmic();

	print_stats(&hear_service, "dmic");
	mlforge_service_restart(&hear_service);
	status = status ? status : listen_by_i2s();
	print_stats(&hear_service, "i2s");
	status = status ? status : feel();
	print_stats(&feel_service, "fifo");
	ask_the_forest();
	printk("done %d\n", status);
	return 0;
}
