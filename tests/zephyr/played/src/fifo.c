/* SPDX-License-Identifier: Apache-2.0 */
#define DT_DRV_COMPAT mlforge_played_fifo

#include "fifo.h"

#include <errno.h>
#include <string.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/rtio/rtio.h>

#define FIFO_AXES       3
#define FIFO_MOST_BATCH 32

static const int16_t fifo_recording[][FIFO_AXES] = {
#include "motion.inc"
};

/* As the driver encodes a batch. */
struct fifo_batch {
	uint64_t at_ns;
	uint16_t count;
	int16_t samples[][FIFO_AXES];
};

const uint32_t fifo_samples = ARRAY_SIZE(fifo_recording);

atomic_t fifo_overruns;

static struct rtio_iodev_sqe *fifo_waiting;
static uint32_t fifo_at;
static uint32_t fifo_watermark;

static uint32_t fifo_level(void)
{
	return MIN(fifo_watermark, fifo_samples - fifo_at);
}

static void fifo_on_timer(struct k_timer *timer)
{
	const uint32_t count = fifo_level();
	struct rtio_iodev_sqe *waiting = fifo_waiting;
	const size_t bytes = sizeof(struct fifo_batch) + count * sizeof(fifo_recording[0]);
	uint8_t *buffer;
	uint32_t given;

	if (count == 0 || waiting == NULL) {
		k_timer_stop(timer);
		return;
	}
	fifo_at += count;
	fifo_waiting = NULL;
	if (rtio_sqe_rx_buf(waiting, bytes, bytes, &buffer, &given) != 0) {
		(void)atomic_inc(&fifo_overruns);
		rtio_iodev_sqe_err(waiting, -ENOMEM);
		return;
	}
	struct fifo_batch *batch = (struct fifo_batch *)buffer;

	batch->at_ns = k_ticks_to_ns_floor64(k_uptime_ticks());
	batch->count = count;
	memcpy(batch->samples, fifo_recording[fifo_at - count], count * sizeof(fifo_recording[0]));
	rtio_iodev_sqe_ok(waiting, 0);
}

static K_TIMER_DEFINE(fifo_timer, fifo_on_timer, NULL);

static int fifo_set(const struct device *device, enum sensor_channel channel,
		    enum sensor_attribute attribute, const struct sensor_value *value)
{
	ARG_UNUSED(device);
	ARG_UNUSED(channel);
	if (attribute == SENSOR_ATTR_SAMPLING_FREQUENCY) {
		return value->val1 == USEC_PER_SEC / FIFO_PERIOD_US ? 0 : -EINVAL;
	}
	if (attribute != SENSOR_ATTR_BATCH_DURATION) {
		return -ENOTSUP;
	}
	fifo_watermark = MIN(k_ticks_to_us_floor32(value->val1) / FIFO_PERIOD_US, FIFO_MOST_BATCH);
	return 0;
}

static void fifo_submit(const struct device *device, struct rtio_iodev_sqe *submission)
{
	const struct sensor_read_config *config = submission->sqe.iodev->data;

	ARG_UNUSED(device);
	if (!config->is_streaming) {
		rtio_iodev_sqe_err(submission, -ENOTSUP);
		return;
	}
	fifo_waiting = submission;
	if (fifo_at == 0) {
		const k_timeout_t period = K_USEC(fifo_watermark * FIFO_PERIOD_US);

		k_timer_start(&fifo_timer, period, period);
	}
}

static int fifo_count(const uint8_t *buffer, struct sensor_chan_spec channel, uint16_t *count)
{
	if (channel.chan_type != SENSOR_CHAN_ACCEL_XYZ) {
		return -ENOTSUP;
	}
	*count = ((const struct fifo_batch *)buffer)->count;
	return 0;
}

static int fifo_decode(const uint8_t *buffer, struct sensor_chan_spec channel, uint32_t *fit,
		       uint16_t most, void *out)
{
	const struct fifo_batch *batch = (const struct fifo_batch *)buffer;
	struct sensor_three_axis_data *data = out;
	uint16_t count = 0;

	ARG_UNUSED(channel);
	data->shift = FIFO_SHIFT;
	data->header.base_timestamp_ns = batch->at_ns;
	for (; count < most && *fit < batch->count; count++, (*fit)++) {
		for (int i = 0; i < FIFO_AXES; i++) {
			data->readings[count].v[i] = batch->samples[*fit][i] * (1 << 16);
		}
	}
	data->header.reading_count = count;
	return count;
}

static bool fifo_has_trigger(const uint8_t *buffer, enum sensor_trigger_type trigger)
{
	ARG_UNUSED(buffer);
	return trigger == SENSOR_TRIG_FIFO_WATERMARK;
}

static const struct sensor_decoder_api fifo_decoder = {
	.get_frame_count = fifo_count,
	.decode = fifo_decode,
	.has_trigger = fifo_has_trigger,
};

static int fifo_get_decoder(const struct device *device, const struct sensor_decoder_api **decoder)
{
	ARG_UNUSED(device);
	*decoder = &fifo_decoder;
	return 0;
}

static DEVICE_API(sensor, fifo_api) = {
	.attr_set = fifo_set,
	.submit = fifo_submit,
	.get_decoder = fifo_get_decoder,
};

SENSOR_DEVICE_DT_INST_DEFINE(0, NULL, NULL, NULL, NULL, POST_KERNEL, CONFIG_SENSOR_INIT_PRIORITY,
			     &fifo_api);
