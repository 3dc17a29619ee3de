/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread of the feeds: once a period, sensors to a frame, and the frame to its service. Periods
 * are counted from one start, so that rounding to ticks does not add up. What makes no frame is
 * counted and logged.
 */
#include <errno.h>
#include <mlforge/sensor.h>
#include <zephyr/init.h>
#include <zephyr/logging/log.h>

#include "feed.h"
#include "fifo.h"
#include "init_order.h"

LOG_MODULE_DECLARE(mlforge, CONFIG_MLFORGE_LOG_LEVEL);

/* After so many periods without a trigger the sensor is read all the same: where an edge of its
 * interrupt was lost, there is no other until somebody reads it. */
#define FEED_PATIENCE_PERIODS 4

static K_THREAD_STACK_DEFINE(feed_stack, CONFIG_MLFORGE_SENSOR_STACK_SIZE);
static struct k_work_q feed_queue;
static atomic_t feed_queue_started;

void mlforge_feed_count(const struct mlforge_sensor *sensor, uint32_t *counter, uint32_t by,
			int status, const char *what)
{
	struct mlforge_sensor_state *state = sensor->state;
	const k_spinlock_key_t key = k_spin_lock(&state->lock);
	const uint32_t before = *counter;

	*counter += by;
	const uint32_t now = *counter;

	if (status != 0) {
		state->stats.last_error = status;
	}
	k_spin_unlock(&state->lock, key);
	if (what != NULL && LOG2(now) != LOG2(before)) {
		LOG_WRN("%s: %s (%d), %u so far", sensor->name, what, status, now);
	}
}

/* A value in millionths, scaled, and held to what mlforge_frame_value takes; beyond it saturates in
 * any case. */
static int64_t feed_scaled_micro(const struct sensor_value *value, int32_t scale_micro,
				 int8_t frac_bits)
{
	const int64_t micro =
		(int64_t)value->val1 * scale_micro + (int64_t)value->val2 * scale_micro / 1000000;
	const int64_t limit = (((int64_t)1 << 62) - 1) >> MAX(frac_bits, 0);

	return CLAMP(micro, -limit, limit);
}

static const struct device *feed_device_of(const struct mlforge_sensor *sensor, size_t channel)
{
	return sensor->devices[sensor->devices_count == 1 ? 0 : channel];
}

/* Each device is read once a frame, however many of the channels are its own. */
static bool feed_fetched(const struct mlforge_sensor *sensor, size_t channel)
{
	for (size_t i = 0; i < channel; i++) {
		if (feed_device_of(sensor, i) == feed_device_of(sensor, channel)) {
			return true;
		}
	}
	return false;
}

static int feed_read_frame(const struct mlforge_sensor *sensor)
{
	const int8_t frac_bits = sensor->service->instance->frame_frac_bits;
	int32_t *frame = sensor->frame;

	for (size_t i = 0; i < sensor->channels_count; i++) {
		const struct device *device = feed_device_of(sensor, i);
		const struct mlforge_sensor_channel *channel = &sensor->channels[i];
		const enum sensor_channel which = (enum sensor_channel)channel->channel;
		struct sensor_value values[3] = {0};

		if (!device_is_ready(device)) {
			return -ENODEV;
		}
		int status = feed_fetched(sensor, i) ? 0 : sensor_sample_fetch(device);

		status = status ? status : sensor_channel_get(device, which, values);
		if (status != 0) {
			return status;
		}
		for (size_t j = 0; j < (MLFORGE_SENSOR_3_AXIS(which) ? 3U : 1U); j++) {
			*frame++ = mlforge_frame_value(
				feed_scaled_micro(&values[j], channel->scale_micro, frac_bits),
				frac_bits);
		}
	}
	return 0;
}

static void feed_once(const struct mlforge_sensor *sensor)
{
	struct mlforge_sensor_stats *stats = &sensor->state->stats;
	const int status = feed_read_frame(sensor);

	if (status != 0) {
		mlforge_feed_count(sensor, &stats->errors, 1, status, "not read");
		mlforge_service_gap(sensor->service);
	} else if (mlforge_service_submit(sensor->service, sensor->frame, K_NO_WAIT) != 0) {
		mlforge_feed_count(sensor, &stats->refused, 1, 0,
				   NULL); /* the service has logged it */
	} else {
		mlforge_feed_count(sensor, &stats->frames, 1, 0, NULL);
	}
}

static void feed_missed(const struct mlforge_sensor *sensor, uint32_t periods)
{
	if (periods > 0) {
		mlforge_feed_count(sensor, &sensor->state->stats.missed, periods, 0,
				   "periods missed");
		mlforge_service_gap(sensor->service);
	}
}

static k_timeout_t feed_patience(const struct mlforge_sensor *sensor)
{
	return K_USEC((int64_t)FEED_PATIENCE_PERIODS * sensor->period_us);
}

static int64_t feed_uptime_us(void)
{
	return (int64_t)k_ticks_to_us_floor64((uint64_t)k_uptime_ticks());
}

/* The next period that is not over yet; those between count as missed. */
static void feed_schedule(const struct mlforge_sensor *sensor)
{
	struct mlforge_sensor_state *state = sensor->state;
	const int64_t now_us = feed_uptime_us();

	state->due_us += sensor->period_us;
	if (now_us >= state->due_us + sensor->period_us) {
		const uint32_t over = (uint32_t)((now_us - state->due_us) / sensor->period_us);

		feed_missed(sensor, over);
		state->due_us += (int64_t)over * sensor->period_us;
	}
	(void)k_work_schedule_for_queue(&feed_queue, &state->work, K_TIMEOUT_ABS_US(state->due_us));
}

static void feed_work(struct k_work *work)
{
	struct mlforge_sensor_state *state =
		CONTAINER_OF(k_work_delayable_from_work(work), struct mlforge_sensor_state, work);
	const struct mlforge_sensor *sensor = state->sensor;

	if (!sensor->triggered) {
		feed_once(sensor);
		if (atomic_get(&state->running)) {
			feed_schedule(sensor);
		}
		return;
	}
	const uint32_t triggers = (uint32_t)atomic_clear(&state->triggers);

	feed_missed(sensor, (triggers ? triggers : FEED_PATIENCE_PERIODS) - 1);
	feed_once(sensor);
	if (atomic_get(&state->running)) {
		(void)k_work_schedule_for_queue(&feed_queue, &state->work, feed_patience(sensor));
	}
}

/* In the driver's thread, or in an interrupt. */
static void feed_on_trigger(const struct device *device, const struct sensor_trigger *trigger)
{
	struct mlforge_sensor_state *state =
		CONTAINER_OF(trigger, struct mlforge_sensor_state, trigger);

	ARG_UNUSED(device);
	if (atomic_get(&state->running)) {
		(void)atomic_inc(&state->triggers);
		(void)k_work_reschedule_for_queue(&feed_queue, &state->work, K_NO_WAIT);
	}
}

/* Where a driver cannot be told, the sensor keeps the rate that it has. */
static void feed_set_rate(const struct mlforge_sensor *sensor)
{
	const uint32_t period_us = sensor->period_us;
	const struct sensor_value hz = {
		.val1 = (int32_t)(USEC_PER_SEC / period_us),
		.val2 = (int32_t)((uint64_t)(USEC_PER_SEC % period_us) * USEC_PER_SEC / period_us),
	};

	for (size_t i = 0; i < sensor->channels_count; i++) {
		const struct device *device = feed_device_of(sensor, i);
		const int status =
			device_is_ready(device)
				? sensor_attr_set(device,
						  (enum sensor_channel)sensor->channels[i].channel,
						  SENSOR_ATTR_SAMPLING_FREQUENCY, &hz)
				: -ENODEV;

		if (status != 0) {
			LOG_INF("%s: %s keeps its own rate (%d)", sensor->name, device->name,
				status);
		}
	}
}

static bool feed_has_fifo(const struct mlforge_sensor *sensor)
{
#ifdef CONFIG_MLFORGE_SENSOR_FIFO
	return sensor->fifo != NULL;
#else
	ARG_UNUSED(sensor);
	return false;
#endif
}

/* Returns the status; where it is an error, the feed does not run. */
static int feed_begun(const struct mlforge_sensor *sensor, int status, const char *wrong)
{
	if (status != 0) {
		atomic_clear(&sensor->state->running);
		mlforge_feed_count(sensor, &sensor->state->stats.errors, 1, status, wrong);
	}
	return status;
}

int mlforge_sensor_start(const struct mlforge_sensor *sensor)
{
	struct mlforge_sensor_state *state = sensor->state;

	if (!atomic_get(&feed_queue_started)) {
		return -EAGAIN;
	}
	if (atomic_get(&state->running)) {
		return 0;
	}
	feed_set_rate(sensor);
	(void)atomic_set(&state->running, 1);
	atomic_clear(&state->triggers);
	if (feed_has_fifo(sensor)) {
		return feed_begun(sensor, mlforge_fifo_start(sensor), "no stream of its FIFO");
	}
	if (!sensor->triggered) {
		state->due_us = feed_uptime_us();
		(void)k_work_schedule_for_queue(&feed_queue, &state->work, K_NO_WAIT);
		return 0;
	}
	state->trigger =
		(struct sensor_trigger){.type = SENSOR_TRIG_DATA_READY, .chan = SENSOR_CHAN_ALL};
	const int status =
		device_is_ready(sensor->devices[0])
			? sensor_trigger_set(sensor->devices[0], &state->trigger, feed_on_trigger)
			: -ENODEV;

	if (feed_begun(sensor, status, "no data-ready trigger") != 0) {
		return status;
	}
	(void)k_work_schedule_for_queue(&feed_queue, &state->work, feed_patience(sensor));
	return 0;
}

void mlforge_sensor_stop(const struct mlforge_sensor *sensor)
{
	struct mlforge_sensor_state *state = sensor->state;
	struct k_work_sync sync;

	if (atomic_clear(&state->running) == 0) {
		return;
	}
	if (feed_has_fifo(sensor)) {
		return;
	}
	if (sensor->triggered) {
		(void)sensor_trigger_set(sensor->devices[0], &state->trigger, NULL);
	}
	(void)k_work_cancel_delayable_sync(&state->work, &sync);
}

void mlforge_sensor_stats(const struct mlforge_sensor *sensor, struct mlforge_sensor_stats *stats)
{
	const k_spinlock_key_t key = k_spin_lock(&sensor->state->lock);

	*stats = sensor->state->stats;
	k_spin_unlock(&sensor->state->lock, key);
}

void mlforge_sensor_reset_stats(const struct mlforge_sensor *sensor)
{
	const k_spinlock_key_t key = k_spin_lock(&sensor->state->lock);

	sensor->state->stats = (struct mlforge_sensor_stats){0};
	k_spin_unlock(&sensor->state->lock, key);
}

void mlforge_sensor_log_stats(const struct mlforge_sensor *sensor)
{
	struct mlforge_sensor_stats now;

	mlforge_sensor_stats(sensor, &now);
	LOG_INF("%s: frames %u, refused %u, errors %u (last %d), missed %u", sensor->name,
		now.frames, now.refused, now.errors, now.last_error, now.missed);
}

static int feeds_prepare(void)
{
	static const struct k_work_queue_config config = {.name = "mlforge_sensor"};

	STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
		k_work_init_delayable(&sensor->state->work, feed_work);
	}
	k_work_queue_start(&feed_queue, feed_stack, K_THREAD_STACK_SIZEOF(feed_stack),
			   CONFIG_MLFORGE_SENSOR_PRIORITY, &config);
	(void)atomic_set(&feed_queue_started, 1);
	return 0;
}
SYS_INIT(feeds_prepare, APPLICATION, MLFORGE_INIT_FEED_QUEUE);

/* The services' threads start after this: frames wait in their queues. */
static int feeds_begin(void)
{
	if (IS_ENABLED(CONFIG_MLFORGE_SENSOR_AT_BOOT)) {
		STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
			if (mlforge_allowed(sensor->service->instance)) {
				(void)mlforge_sensor_start(sensor);
			}
		}
	}
	return 0;
}
SYS_INIT(feeds_begin, APPLICATION, MLFORGE_INIT_FEEDS);
