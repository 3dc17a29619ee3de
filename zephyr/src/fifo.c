/* SPDX-License-Identifier: Apache-2.0
 *
 * Batches of a sensor's FIFO, as its driver reads them into the memory pool of RTIO, go to the
 * service by reference. The thread of the streams decodes a few frames at a time, when the features
 * are to read them, and then gives the batch back to the pool.
 */
#include <errno.h>
#include <string.h>
#include <zephyr/logging/log.h>
#include <zephyr/rtio/rtio.h>

#include "feed.h"
#include "fifo.h"

LOG_MODULE_DECLARE(mlforge, CONFIG_MLFORGE_LOG_LEVEL);

#define FIFO_MICRO    1000000
#define FIFO_Q31_BITS 31
#define FIFO_SCALE_1  (1 << 30)

#define FIFO_HAS(node) +DT_NODE_HAS_PROP(node, fifo_batch_us)
#define FIFO_SENSORS   (0 DT_FOREACH_STATUS_OKAY(mlforge_model, FIFO_HAS))
#define FIFO_BLOCKS    (CONFIG_MLFORGE_SENSOR_FIFO_BYTES / CONFIG_MLFORGE_SENSOR_FIFO_BLOCK_BYTES)

/* Of each sensor one submission, which begins anew by itself; of each batch one completion, and of
 * each sensor one that says that there was no room. */
RTIO_DEFINE_WITH_MEMPOOL(fifo_rtio, FIFO_SENSORS, FIFO_BLOCKS + FIFO_SENSORS, FIFO_BLOCKS,
			 CONFIG_MLFORGE_SENSOR_FIFO_BLOCK_BYTES, sizeof(void *));

/* Of the batch that begins with a block of the pool. */
static uint32_t fifo_batch_bytes[FIFO_BLOCKS];

/* What a driver decodes: frames of one channel. One thread decodes for all. */
static union {
	struct sensor_q31_data one;
	struct sensor_three_axis_data three;
	uint8_t bytes[sizeof(struct sensor_three_axis_data) +
		      (MLFORGE_SENSOR_FIFO_DECODED - 1) *
			      sizeof(((struct sensor_three_axis_data *)0)->readings[0])];
} fifo_decoded;

/* `scale_micro` millionths as mantissa * 2^exponent, the mantissa's magnitude from 2^30 to 2^31 -
 * 1; off by 2^-31 of it at most. */
static void fifo_set_scale(struct mlforge_fifo_scale *scale, int32_t scale_micro)
{
	uint64_t mantissa = (uint64_t)(scale_micro < 0 ? -(int64_t)scale_micro : scale_micro);

	*scale = (struct mlforge_fifo_scale){0};
	if (mantissa == 0) {
		return;
	}
	int8_t exponent = 0;

	while (mantissa < (uint64_t)FIFO_SCALE_1 * FIFO_MICRO) {
		mantissa *= 2;
		exponent--;
	}
	mantissa = (mantissa + FIFO_MICRO / 2) / FIFO_MICRO;
	if (mantissa > INT32_MAX) {
		mantissa /= 2;
		exponent++;
	}
	scale->mantissa = scale_micro < 0 ? -(int32_t)mantissa : (int32_t)mantissa;
	scale->exponent = exponent;
}

/* value * 2^(shift - 31), scaled, as a frame has it: rounded to nearest, ties away from zero, and
 * saturated. */
static int32_t fifo_frame_value(q31_t value, int right, const struct mlforge_fifo_scale *scale)
{
	const int64_t product = (int64_t)value * scale->mantissa;
	const uint64_t size = (uint64_t)(product < 0 ? -product : product);
	uint64_t rounded = 0;

	if (right <= 0) {
		rounded = size > ((uint64_t)INT32_MAX >> MIN(-right, 31)) ? INT32_MAX
									  : size << -right;
	} else if (right <= 62) {
		rounded = MIN((size + ((uint64_t)1 << (right - 1))) >> right, INT32_MAX);
	}
	return product < 0 ? -(int32_t)rounded : (int32_t)rounded;
}

/* Frames of one channel into every frame's place for it; how many there were. */
static uint32_t fifo_decode_channel(const struct mlforge_sensor *sensor, const uint8_t *batch,
				    size_t channel, int32_t *place)
{
	struct mlforge_sensor_fifo *fifo = sensor->fifo;
	const uint32_t values = mlforge_features_frame_length(sensor->service->instance->features);
	const struct sensor_chan_spec spec = {.chan_type = sensor->channels[channel].channel};
	const struct mlforge_fifo_scale *scale = &fifo->scales[channel];
	const int frac_bits = sensor->service->instance->frame_frac_bits;
	const bool three = MLFORGE_SENSOR_3_AXIS(sensor->channels[channel].channel);
	const int count = fifo->decoder->decode(batch, spec, &fifo->fits[channel],
						MLFORGE_SENSOR_FIFO_DECODED, &fifo_decoded);
	const int shift = three ? fifo_decoded.three.shift : fifo_decoded.one.shift;
	const int right = FIFO_Q31_BITS - shift - scale->exponent - frac_bits;

	for (int i = 0; i < count; i++, place += values) {
		if (!three) {
			place[0] =
				fifo_frame_value(fifo_decoded.one.readings[i].value, right, scale);
			continue;
		}
		for (int j = 0; j < 3; j++) {
			place[j] =
				fifo_frame_value(fifo_decoded.three.readings[i].v[j], right, scale);
		}
	}
	return (uint32_t)MAX(count, 0);
}

/* struct mlforge_block's: decodes when the frames that were decoded before have been read. */
static uint32_t fifo_read(const struct mlforge_block *block, uint32_t first, const void **frames)
{
	const struct mlforge_sensor *sensor = block->user_data;
	struct mlforge_sensor_fifo *fifo = sensor->fifo;
	const uint32_t values = mlforge_features_frame_length(sensor->service->instance->features);
	int32_t *place = fifo->frames;

	if (first == 0) {
		memset(fifo->fits, 0, sensor->channels_count * sizeof(fifo->fits[0]));
		fifo->first = 0;
		fifo->count = 0;
	}
	if (first >= fifo->first + fifo->count) {
		fifo->first = first;
		fifo->count = MIN(block->frames - first, MLFORGE_SENSOR_FIFO_DECODED);
		for (size_t i = 0; i < sensor->channels_count; i++) {
			const uint32_t there =
				fifo_decode_channel(sensor, block->samples, i, place);

			fifo->count = MIN(fifo->count, there);
			place += MLFORGE_SENSOR_3_AXIS(sensor->channels[i].channel) ? 3 : 1;
		}
	}
	*frames = &fifo->frames[(first - fifo->first) * values];
	return fifo->first + fifo->count - first;
}

static uint32_t *fifo_bytes_of(const void *batch)
{
	const size_t at = (size_t)((const uint8_t *)batch - fifo_rtio.block_pool->buffer);

	return &fifo_batch_bytes[at / CONFIG_MLFORGE_SENSOR_FIFO_BLOCK_BYTES];
}

/* struct mlforge_block's. */
static void fifo_release(const void *batch, void *sensor)
{
	ARG_UNUSED(sensor);
	rtio_release_buffer(&fifo_rtio, (void *)batch, *fifo_bytes_of(batch));
}

/* Frames that all channels have in the batch. */
static uint32_t fifo_frames(const struct mlforge_sensor *sensor, const uint8_t *batch)
{
	uint32_t frames = UINT16_MAX;

	for (size_t i = 0; i < sensor->channels_count; i++) {
		const struct sensor_chan_spec spec = {.chan_type = sensor->channels[i].channel};
		uint16_t count = 0;

		(void)sensor->fifo->decoder->get_frame_count(batch, spec, &count);
		frames = MIN(frames, count);
	}
	return frames;
}

/* A batch to the service, which gives it back to the pool. */
static void fifo_submit(const struct mlforge_sensor *sensor, const uint8_t *batch)
{
	struct mlforge_sensor_stats *stats = &sensor->state->stats;
	const uint32_t frames = fifo_frames(sensor, batch);
	const struct mlforge_block block = {
		.samples = batch,
		.frames = frames,
		.release = fifo_release,
		.user_data = (void *)sensor,
		.type = MLFORGE_SAMPLES_INT32,
		.read = fifo_read,
	};

	if (sensor->fifo->decoder->has_trigger != NULL &&
	    sensor->fifo->decoder->has_trigger(batch, SENSOR_TRIG_FIFO_FULL)) {
		mlforge_feed_count(sensor, &stats->missed, 1, -EOVERFLOW, "FIFO full");
		mlforge_service_gap(sensor->service);
	}
	if (frames == 0 || !atomic_get(&sensor->state->running)) {
		fifo_release(batch, NULL);
	} else if (mlforge_service_submit_block(sensor->service, &block, K_NO_WAIT) != 0) {
		fifo_release(batch, NULL);
		mlforge_feed_count(sensor, &stats->refused, frames, 0, NULL); /* it has logged it */
	} else {
		mlforge_feed_count(sensor, &stats->frames, frames, 0, NULL);
	}
}

static void fifo_take(struct rtio_cqe *completion)
{
	const struct mlforge_sensor *sensor = completion->userdata;
	const int status = completion->result;
	uint8_t *batch = NULL;
	uint32_t bytes = 0;
	const bool there =
		rtio_cqe_get_mempool_buffer(&fifo_rtio, completion, &batch, &bytes) == 0 &&
		batch != NULL;

	rtio_cqe_release(&fifo_rtio, completion);
	if (there) {
		*fifo_bytes_of(batch) = bytes;
	}
	if (status >= 0 && there) {
		fifo_submit(sensor, batch);
		return;
	}
	if (there) {
		fifo_release(batch, NULL);
	}
	mlforge_feed_count(sensor, &sensor->state->stats.errors, 1, status, "no batch");
	mlforge_service_gap(sensor->service);
}

static void fifo_thread(void *unused1, void *unused2, void *unused3)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	for (;;) {
		fifo_take(rtio_cqe_consume_block(&fifo_rtio));
	}
}

K_THREAD_DEFINE(mlforge_fifo_thread, CONFIG_MLFORGE_SENSOR_STACK_SIZE, fifo_thread, NULL, NULL,
		NULL, CONFIG_MLFORGE_SENSOR_PRIORITY, 0, 0);

/* Where a driver cannot be told, its devicetree says how many frames it gathers. */
static void fifo_set_batch(const struct mlforge_sensor *sensor)
{
	const uint64_t ticks = k_us_to_ticks_ceil64(sensor->fifo->batch_us);
	const struct sensor_value duration = {.val1 = (int32_t)ticks};
	const struct device *device = sensor->devices[0];
	const int status = sensor_attr_set(device, (enum sensor_channel)sensor->channels[0].channel,
					   SENSOR_ATTR_BATCH_DURATION, &duration);

	if (status != 0) {
		LOG_INF("%s: %s keeps its own batches (%d)", sensor->name, device->name, status);
	}
}

/* A stream that has begun goes on for good: what arrives while the feed is stopped is dropped. */
int mlforge_fifo_start(const struct mlforge_sensor *sensor)
{
	struct mlforge_sensor_fifo *fifo = sensor->fifo;

	if (fifo->decoder != NULL) {
		return 0;
	}
	if (!device_is_ready(sensor->devices[0])) {
		return -ENODEV;
	}
	const int status = sensor_get_decoder(sensor->devices[0], &fifo->decoder);

	if (status != 0) {
		fifo->decoder = NULL;
		return status;
	}
	for (size_t i = 0; i < sensor->channels_count; i++) {
		fifo_set_scale(&fifo->scales[i], sensor->channels[i].scale_micro);
	}
	fifo_set_batch(sensor);
	const int begun = sensor_stream(fifo->iodev, &fifo_rtio, (void *)sensor, NULL);

	if (begun != 0) {
		fifo->decoder = NULL;
	}
	return begun;
}
