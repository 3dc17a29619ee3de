/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Feeds an inference service from Zephyr's sensors: reads them once a period, makes a
 * frame of their values, and submits it.
 *
 * What to read, and how often, says the devicetree node of the model
 * (dts/bindings/mlforge/mlforge,model.yaml). Sensors with a FIFO hand over many frames at once, by
 * reference.
 *
 * With CONFIG_MLFORGE_SENSOR=y each model whose node names sensors has a feed, `<name>_sensor`.
 * All feeds share one thread with a static stack, so that a bus that keeps one waiting keeps
 * neither interrupts nor inferences waiting.
 */
#ifndef MLFORGE_SENSOR_H_
#define MLFORGE_SENSOR_H_

#include <mlforge/service.h>
#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/drivers/sensor.h>
#include <zephyr/kernel.h>
#ifdef CONFIG_MLFORGE_SENSOR_FIFO
#include <zephyr/rtio/rtio.h>
#endif
#include <zephyr/sys/atomic.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Since boot or mlforge_sensor_reset_stats.
 *
 * Each period ends as exactly one of the first four.
 */
struct mlforge_sensor_stats {
	uint32_t frames;  /**< read and queued */
	uint32_t refused; /**< read, but the service's queue was full; among its own `refused`, too
			   */
	uint32_t errors;  /**< a sensor was not ready, or could not be read: no frame. Of a FIFO:
			     batches that could not be read, or that there was no memory for */
	uint32_t missed;  /**< over before they could be read, or in which a sensor did not report:
			     no frame. Of a FIFO: the times that it was full */
	int32_t last_error; /**< a negative errno; 0: none */
};

/**
 * @brief Internals, for MLFORGE_SENSOR_DEFINE and the feed's own code.
 */
struct mlforge_sensor_channel {
	int32_t scale_micro; /**< what its values are multiplied by, in millionths */
	uint16_t channel;    /**< enum sensor_channel: one value, or three axes */
};

struct mlforge_sensor;

struct mlforge_sensor_state {
	const struct mlforge_sensor *sensor;
	struct k_work_delayable work;
	struct sensor_trigger trigger;
	atomic_t triggers;      /**< that have not been dealt with */
	int64_t due_us;         /**< uptime at which the period that is waited for begins */
	atomic_t running;       /**< read in interrupts, by triggers */
	struct k_spinlock lock; /**< of the statistics */
	struct mlforge_sensor_stats stats;
};

#ifdef CONFIG_MLFORGE_SENSOR_FIFO
#define MLFORGE_SENSOR_FIFO_DECODED 8 /* frames at a time */

/** mantissa * 2^exponent */
struct mlforge_fifo_scale {
	int32_t mantissa;
	int8_t exponent;
};

/** How batches of a sensor's FIFO are read. */
struct mlforge_sensor_fifo {
	struct rtio_iodev *iodev;
	uint32_t batch_us;
	const struct sensor_decoder_api *decoder; /* NULL until it has begun */
	struct mlforge_fifo_scale *scales;        /* one for each channel, as the next */
	uint32_t *fits;                           /* where the decoder goes on */
	int32_t *frames;                          /* [MLFORGE_SENSOR_FIFO_DECODED][values] */
	uint32_t first;                           /* of these frames, in the batch */
	uint32_t count;
};
#endif

struct mlforge_sensor {
	const char *name;
	const struct mlforge_service *service;
	const struct device *const *devices; /**< one for all channels, or one for each */
	const struct mlforge_sensor_channel *channels;
	uint8_t devices_count;
	uint8_t channels_count;
	bool triggered;
	uint32_t period_us;
	int32_t *frame;
	struct mlforge_sensor_state *state;
#ifdef CONFIG_MLFORGE_SENSOR_FIFO
	struct mlforge_sensor_fifo *fifo; /* NULL: it is read frame by frame */
#endif
};

/**
 * @brief Begins to read.
 *
 * Sets the sensors to the rate of the feed where their drivers let it. Done at boot with
 * CONFIG_MLFORGE_SENSOR_AT_BOOT=y.
 *
 * @param sensor of the model, `<name>_sensor`
 *
 * @return 0, also where it runs already; -EAGAIN before the level APPLICATION; or what the driver
 *         said, a negative errno, when it has no data-ready trigger to offer and devicetree asks
 *         for one. A sensor that is not ready is no error here: it is counted period by period,
 *         and read as soon as it is. Not in interrupts.
 */
int mlforge_sensor_start(const struct mlforge_sensor *sensor);

/**
 * @brief Ceases to read, and waits until a reading under way is over.
 *
 * Frames in the service's queue stay; see mlforge_service_restart. Not in interrupts, and not in
 * the thread of the feeds.
 */
void mlforge_sensor_stop(const struct mlforge_sensor *sensor);

/**
 * @brief Fills in `stats`.
 *
 * In interrupts, too.
 */
void mlforge_sensor_stats(const struct mlforge_sensor *sensor, struct mlforge_sensor_stats *stats);

/**
 * @brief Starts counting afresh.
 *
 * In interrupts, too.
 */
void mlforge_sensor_reset_stats(const struct mlforge_sensor *sensor);

/**
 * @brief A line of the log at level INF.
 */
void mlforge_sensor_log_stats(const struct mlforge_sensor *sensor);

/**
 * @brief The channels of the property `sensor-channels`, in C.
 */
#define MLFORGE_SENSOR_CHAN(node, prop, i)                                                         \
	UTIL_CAT(SENSOR_CHAN_, DT_STRING_UPPER_TOKEN_BY_IDX(node, prop, i))

#define MLFORGE_SENSOR_CHANNEL(node, prop, i)                                                      \
	{                                                                                          \
		.scale_micro = COND_CODE_1(DT_NODE_HAS_PROP(node, sensor_scales_micro),                                \
					   ((int32_t)DT_PROP_BY_IDX(node, sensor_scales_micro, i)), (1000000)),          \
			 .channel = MLFORGE_SENSOR_CHAN(node, prop, i),                            \
		}

/**
 * @brief Channels of three values.
 */
#define MLFORGE_SENSOR_3_AXIS(channel)                                                             \
	((channel) == SENSOR_CHAN_ACCEL_XYZ || (channel) == SENSOR_CHAN_GYRO_XYZ ||                \
	 (channel) == SENSOR_CHAN_MAGN_XYZ)

#define MLFORGE_SENSOR_WIDTH(node, prop, i)                                                        \
	(MLFORGE_SENSOR_3_AXIS(MLFORGE_SENSOR_CHAN(node, prop, i)) ? 3 : 1)

#define MLFORGE_SENSOR_DEVICE(node, prop, i) DEVICE_DT_GET(DT_PHANDLE_BY_IDX(node, prop, i))

#ifdef CONFIG_MLFORGE_SENSOR_FIFO
#define MLFORGE_SENSOR_FIFO(sensor_name, node)                                                     \
	.fifo = COND_CODE_1(DT_NODE_HAS_PROP(node, fifo_batch_us), (&sensor_name##_fifo), (NULL)),
#define MLFORGE_SENSOR_FIFO_STATE(sensor_name, node, frame_values)                                 \
	BUILD_ASSERT(DT_PROP_LEN(node, sensors) == 1 && !DT_PROP(node, data_ready_trigger),        \
		     STRINGIFY(sensor_name) ": fifo-batch-us needs one of `sensors` for all "      \
					    "channels, and no data-ready-trigger");                \
	SENSOR_DT_STREAM_IODEV(sensor_name##_iodev, DT_PHANDLE_BY_IDX(node, sensors, 0),           \
			       {SENSOR_TRIG_FIFO_WATERMARK, SENSOR_STREAM_DATA_INCLUDE},           \
			       {SENSOR_TRIG_FIFO_FULL, SENSOR_STREAM_DATA_NOP});                   \
	static struct mlforge_fifo_scale                                                           \
		sensor_name##_fifo_scales[DT_PROP_LEN(node, sensor_channels)];                     \
	static uint32_t sensor_name##_fifo_fits[DT_PROP_LEN(node, sensor_channels)];               \
	static int32_t sensor_name##_fifo_frames[MLFORGE_SENSOR_FIFO_DECODED * (frame_values)];    \
	static struct mlforge_sensor_fifo sensor_name##_fifo = {                                   \
		.iodev = &sensor_name##_iodev,                                                     \
		.batch_us = DT_PROP(node, fifo_batch_us),                                          \
		.scales = sensor_name##_fifo_scales,                                               \
		.fits = sensor_name##_fifo_fits,                                                   \
		.frames = sensor_name##_fifo_frames,                                               \
	};
#define MLFORGE_SENSOR_FIFO_DEFINE(sensor_name, node, frame_values)                                \
	IF_ENABLED(DT_NODE_HAS_PROP(node, fifo_batch_us),                                        \
		   (MLFORGE_SENSOR_FIFO_STATE(sensor_name, node, frame_values)))
#else
#define MLFORGE_SENSOR_FIFO(sensor_name, node)
#define MLFORGE_SENSOR_FIFO_DEFINE(sensor_name, node, frame_values)                                \
	BUILD_ASSERT(!DT_NODE_HAS_PROP(node, fifo_batch_us),                                       \
		     STRINGIFY(sensor_name) ": fifo-batch-us needs CONFIG_SENSOR_ASYNC_API=y");
#endif

/**
 * @brief Defines `const struct mlforge_sensor sensor_name`.
 *
 * @param node          of the model in devicetree, with the property `sensors`
 * @param model_service address of the struct mlforge_service that takes the frames; its model
 *                      must have features
 * @param frame_values  in a frame: what the channels of the node must add up to
 */
#define MLFORGE_SENSOR_DEFINE(sensor_name, node, model_service, frame_values)                      \
	BUILD_ASSERT(DT_FOREACH_PROP_ELEM_SEP(node, sensor_channels, MLFORGE_SENSOR_WIDTH, (+)) == (frame_values),                  \
		"the sensor-channels of " STRINGIFY(sensor_name) " do not make up a frame of the features");                   \
	BUILD_ASSERT(DT_PROP_LEN(node, sensors) == 1 ||                                            \
			     DT_PROP_LEN(node, sensors) == DT_PROP_LEN(node, sensor_channels),     \
		     STRINGIFY(sensor_name) ": one of `sensors` for all of `sensor-channels`, or " \
					    "one for each");                                       \
	BUILD_ASSERT(                                                                              \
		DT_PROP_LEN_OR(node, sensor_scales_micro, DT_PROP_LEN(node, sensor_channels)) ==   \
			DT_PROP_LEN(node, sensor_channels),                                        \
		STRINGIFY(sensor_name) ": one of `sensor-scales-micro` for each of "               \
				       "`sensor-channels`");                                       \
	BUILD_ASSERT(                                                                              \
		(uint64_t)DT_PROP(node, sampling_period_us) * CONFIG_SYS_CLOCK_TICKS_PER_SEC >=    \
				USEC_PER_SEC ||                                                    \
			DT_PROP(node, data_ready_trigger) ||                                       \
			DT_NODE_HAS_PROP(node, fifo_batch_us),                                     \
		STRINGIFY(sensor_name) ": sampling-period-us is shorter than a tick; raise "         \
				     "CONFIG_SYS_CLOCK_TICKS_PER_SEC, or set data-ready-trigger"); \
	static const struct device *const sensor_name##_devices[] = {                              \
		DT_FOREACH_PROP_ELEM_SEP(node, sensors, MLFORGE_SENSOR_DEVICE, (, ))};                 \
	static const struct mlforge_sensor_channel sensor_name##_channels[] = {                    \
		DT_FOREACH_PROP_ELEM_SEP(node, sensor_channels, MLFORGE_SENSOR_CHANNEL, (, ))};        \
	static int32_t sensor_name##_frame[frame_values];                                          \
	MLFORGE_SENSOR_FIFO_DEFINE(sensor_name, node, frame_values)                                \
	extern const struct mlforge_sensor sensor_name;                                            \
	static struct mlforge_sensor_state sensor_name##_state = {                                 \
		.sensor = &sensor_name,                                                            \
	};                                                                                         \
	const STRUCT_SECTION_ITERABLE(mlforge_sensor, sensor_name) = {                             \
		.name = STRINGIFY(sensor_name), .service = model_service,                          \
				  .devices = sensor_name##_devices,                                \
				  .channels = sensor_name##_channels,                              \
				  .devices_count = DT_PROP_LEN(node, sensors),                     \
				  .channels_count = DT_PROP_LEN(node, sensor_channels),            \
				  .triggered = DT_PROP(node, data_ready_trigger),                  \
				  .period_us = DT_PROP(node, sampling_period_us),                  \
				  .frame = sensor_name##_frame, .state = &sensor_name##_state,     \
				  MLFORGE_SENSOR_FIFO(sensor_name, node)}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_SENSOR_H_ */
