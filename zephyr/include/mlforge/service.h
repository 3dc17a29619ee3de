/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The inference service: a thread of its own with a static stack, which takes frames from
 * a queue, computes features, runs the inference and hands each result to listeners (and to
 * zbus).
 *
 * No heap.
 *
 * With CONFIG_MLFORGE_SERVICE=y each model of the build has one, `<name>_service`. All functions
 * may be called from any thread, before the kernel has started its threads too; from interrupts,
 * mlforge_service_submit, mlforge_service_gap and mlforge_service_stats. What a pointer points to
 * stays the caller's unless it says otherwise.
 */
#ifndef MLFORGE_SERVICE_H_
#define MLFORGE_SERVICE_H_

#include <mlforge/instance.h>
#include <mlforge/moment.h>
#include <mlforge/stream.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/slist.h>
#ifdef CONFIG_MLFORGE_ZBUS
#include <zephyr/zbus/zbus.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief One inference.
 */
struct mlforge_result {
	const struct mlforge_instance *instance;
	const int8_t *output;  /**< the first output; valid while the listener runs */
	uint32_t number;       /**< of this inference, from 0, since the statistics were reset */
	uint32_t inference_us; /**< features and model */
	uint32_t latency_us;   /**< from mlforge_service_submit of the last frame to the result */
	bool late;             /**< latency_us is above the deadline */
	bool gap; /**< frames are missing in its window (data.signal.gaps: flag, in the contract) */
};

/**
 * @brief What a zbus channel carries: for an application with classes, the likeliest and its int8
 * score.
 */
struct mlforge_message {
	uint32_t number;
	uint32_t latency_us;
	uint16_t best; /**< index of the largest value of the first output */
	int8_t score;
	bool late;
	bool gap; /**< as in struct mlforge_result */
};

/**
 * @brief Who wants to hear of each result: MLFORGE_LISTENER_INIT fills it in.
 */
struct mlforge_listener {
	/** Called in the service's thread, holding its lock: keep it short, and do not wait for the
	 * service in it. */
	void (*result)(const struct mlforge_result *result, void *user_data);
	void *user_data;
	sys_snode_t node; /**< the service's */
};

/**
 * @brief Initialises a struct mlforge_listener in C and C++, with every warning on.
 *
 * @param function what is called with each result
 * @param data     what it gets besides; NULL where it needs nothing
 */
#define MLFORGE_LISTENER_INIT(function, data)                                                      \
	{                                                                                          \
		(function), (data),                                                                \
		{                                                                                  \
			NULL                                                                       \
		}                                                                                  \
	}

/**
 * @brief What a service has counted since boot or mlforge_service_reset_stats.
 *
 * Times are in microseconds and stop at UINT32_MAX (71 minutes).
 *
 * Of the frames, submitted = processed + refused + queued. Of the windows that they complete,
 * each ends as one of inferences or skipped; without features a frame is a window, and processed
 * = inferences + skipped.
 */
struct mlforge_stats {
	uint32_t submitted;          /**< frames handed to mlforge_service_submit */
	uint32_t processed;          /**< frames that went through features and model */
	uint32_t refused;            /**< frames that found the queue full */
	uint32_t queued;             /**< frames in the queue or at work now */
	uint32_t most_queued;        /**< the most there ever were at a time */
	uint32_t queue_length;       /**< the most that there can be */
	uint32_t inferences;         /**< results of the service's thread */
	uint32_t late;               /**< those of them after the deadline */
	uint32_t skipped;            /**< windows already too late to begin with
					(CONFIG_MLFORGE_SERVICE_SKIP_EXPIRED) */
	uint32_t gaps;               /**< places in the stream where frames are missing */
	uint32_t direct;             /**< inferences by mlforge_service_infer */
	uint32_t worst_inference_us; /**< features and model, in either thread */
	uint32_t worst_latency_us;   /**< from submit to result */
	uint32_t deadline_us;        /**< 0: none */
	uint32_t arena_bytes;
	uint32_t stack_bytes;
	uint32_t stack_unused_bytes; /**< never touched since boot */
};

/** @cond INTERNAL_HIDDEN */

/* For MLFORGE_SERVICE_DEFINE and the service's own code.
 *
 * A queue of slots: a frame is copied into its slot once, without a lock held, and worked on
 * where it lies. Slots are claimed, published and taken in the same order.
 */
struct mlforge_slot {
	struct mlforge_moment submitted;
	bool filled;
	bool gap; /**< messages are missing in front of it */
		  /** the message follows */
};

struct mlforge_queue {
	uint8_t *slots;
	uint32_t slot_bytes; /**< with the header; a multiple of 4 */
	uint32_t message_bytes;
	uint32_t length;
	uint32_t claimed; /**< counters modulo length */
	uint32_t published;
	uint32_t taken;
	/** messages, under the lock */
	uint32_t submitted;
	uint32_t refused;
	uint32_t processed;
	uint32_t most_queued;
	bool gap; /**< in front of the message that comes next */
	struct k_spinlock lock;
	struct k_sem *free;
	struct k_sem *ready; /**< also given for a window of the stream */
};

/* See src/gap.h. */
struct mlforge_gap {
	uint32_t frames_to_go; /**< until none is missing in a window */
	bool restarts;         /**< features that the next window is made of began behind a gap */
	bool window_restarts;  /**< so did the window that is the service's now */
	bool window_marked;
};

struct mlforge_service_state {
	struct k_mutex *lock; /**< inherits priority: an urgent caller does not wait for less urgent
				 threads */
	sys_slist_t listeners;
	/** Under a lock of their own, so that who reads them neither waits for an inference nor
	 * hurries one along. */
	struct k_spinlock stats_lock;
	struct mlforge_stats stats;
	struct mlforge_gap gap;
};

struct mlforge_service {
	const char *name;
	const struct mlforge_instance *instance;
	struct mlforge_service_state *state;
	struct mlforge_queue *queue;
	const k_tid_t *thread;
	uint32_t stack_bytes;
	const void *channel; /**< a struct zbus_channel, or NULL */
#ifdef CONFIG_MLFORGE_STREAM
	struct mlforge_stream *stream;
#endif
};

void mlforge_service_thread(void *service, void *unused1, void *unused2);

/** @endcond */

/**
 * @brief Queues one frame; the service copies it.
 *
 * @param service of the model, `<name>_service`
 * @param message with features: int32 [mlforge_features_frame_length], fixed point
 *                (mlforge_frame_value), 4-byte aligned; without: the bytes of all inputs of the
 *                model, one after the other. `<name>_message_bytes` in either case
 * @param timeout how long to wait for room; in an interrupt never, whatever it says
 *
 * @return 0; -ENOBUFS when the queue stayed full for `timeout`, which is counted and logged;
 *         -EINVAL for a message that is NULL; -EACCES where there are no inferences
 *         (mlforge_allowed).
 */
int mlforge_service_submit(const struct mlforge_service *service, const void *message,
			   k_timeout_t timeout);

/**
 * @brief One inference in the caller's thread and on its stack, in turn with the service's own.
 *
 * Features take no part in it.
 *
 * @param service of the model
 * @param input   the bytes of all inputs, one after the other; a value is round(value / scale) +
 *                zero_point of its input
 * @param output  the bytes of all outputs, one after the other; a value is scale * (q -
 *                zero_point) of its output
 * @param timeout how long to wait for the model
 *
 * @return 0; -EBUSY when the model stayed in use for `timeout`; -EDEADLK in a listener of the
 *         same service, which would wait for itself; -EWOULDBLOCK in an interrupt; -EINVAL where
 *         input or output is NULL; -EACCES where there are no inferences (mlforge_allowed).
 *         `output` is written only where 0 is returned.
 */
int mlforge_service_infer(const struct mlforge_service *service, const int8_t *input,
			  int8_t *output, k_timeout_t timeout);

/**
 * @brief Adds a listener; one that is there already moves to the end.
 *
 * Listeners are called in the order of their adding.
 *
 * @param service  of the model
 * @param listener `result` and `user_data` filled in; the service's until
 *                 mlforge_service_unlisten, so it must stay where it is: static, usually
 *
 * @return 0, or -EINVAL for a listener that is NULL or has no `result`. Not in interrupts.
 */
int mlforge_service_listen(const struct mlforge_service *service,
			   struct mlforge_listener *listener);

/**
 * @brief Removes a listener, which is the caller's again: it will not be called any more.
 *
 * May be called in a listener.
 *
 * @return 0, or -ENOENT where it was not there. Not in interrupts.
 */
int mlforge_service_unlisten(const struct mlforge_service *service,
			     struct mlforge_listener *listener);

/**
 * @brief Forgets the frames of the current window and the state of a model that has one.
 *
 * Frames in the queue stay, and are the first of the next window. Waits for an inference that is
 * under way. Not in interrupts.
 */
void mlforge_service_restart(const struct mlforge_service *service);

/**
 * @brief Says that frames are missing in front of the next that is submitted.
 *
 * For whoever loses them on the way: the service knows of those that it refused, and the feed of
 * devicetree's sensors says so itself. What follows from it, the contract's data.signal.gaps says.
 */
void mlforge_service_gap(const struct mlforge_service *service);

#ifdef CONFIG_MLFORGE_STATS
/**
 * @brief Fills in `stats` at once: it waits for no inference.
 */
void mlforge_service_stats(const struct mlforge_service *service, struct mlforge_stats *stats);

/**
 * @brief Starts counting afresh: what is in the queue then counts as submitted, all else is 0.
 */
void mlforge_service_reset_stats(const struct mlforge_service *service);

/**
 * @brief One line or two of the log at level INF: what `mlforge stats` prints.
 */
void mlforge_service_log_stats(const struct mlforge_service *service);
#endif

#ifdef CONFIG_MLFORGE_ZBUS
#define MLFORGE_CHANNEL(channel) &channel
#define MLFORGE_CHANNEL_DEFINE(channel)                                                            \
	ZBUS_CHAN_DEFINE(channel, struct mlforge_message, NULL, NULL, ZBUS_OBSERVERS_EMPTY,        \
			 ZBUS_MSG_INIT(0))
#else
#define MLFORGE_CHANNEL(channel) NULL
#endif

#ifdef CONFIG_MLFORGE_STREAM
#define MLFORGE_SERVICE_STREAM(service_name) .stream = &service_name##_stream,
#define MLFORGE_SERVICE_STREAM_DEFINE(service_name)                                                \
	K_MSGQ_DEFINE(service_name##_blocks, sizeof(struct mlforge_queued_block),                  \
		      MLFORGE_STREAM_BLOCKS, 4);                                                   \
	static K_MUTEX_DEFINE(service_name##_features);                                            \
	extern const struct mlforge_service service_name;                                          \
	static struct mlforge_stream service_name##_stream = {                                     \
		.service = &service_name,                                                          \
		.queue = &service_name##_blocks,                                                   \
		.features = &service_name##_features,                                              \
	};
#else
#define MLFORGE_SERVICE_STREAM(service_name)
#define MLFORGE_SERVICE_STREAM_DEFINE(service_name)
#endif

/**
 * @brief Bytes of RAM that a message of `bytes` takes in a queue.
 */
#define MLFORGE_SLOT_BYTES(bytes) (sizeof(struct mlforge_slot) + ROUND_UP(bytes, 4))

/**
 * @brief Defines `const struct mlforge_service service_name` with its thread, for a model that
 * the build step does not know.
 *
 * @param model_instance address of its struct mlforge_instance
 * @param bytes          of a message: see mlforge_service_submit
 * @param queue_length   messages that it can queue, at least 1
 * @param zbus_channel   MLFORGE_CHANNEL(name) of a channel by MLFORGE_CHANNEL_DEFINE(name); NULL
 *                       without CONFIG_MLFORGE_ZBUS
 */
#define MLFORGE_SERVICE_DEFINE(service_name, model_instance, bytes, queue_length, zbus_channel)    \
	MLFORGE_SERVICE_STATE_DEFINE(service_name, model_instance, bytes, queue_length,            \
				     zbus_channel);                                                \
	MLFORGE_SERVICE_THREAD_DEFINE(service_name)

/* The same in two parts, which the build step puts into a file each: what of a service belongs to
 * its model, and the thread, whose stack no limit on static memory counts. */
#define MLFORGE_SERVICE_STATE_DEFINE(service_name, model_instance, bytes, queue_length,            \
				     zbus_channel)                                                 \
	BUILD_ASSERT((queue_length) >= 1,                                                          \
		     "the queue of " STRINGIFY(service_name) " needs a place");                    \
	static uint8_t                                                                             \
		__aligned(4) service_name##_slots[(queue_length) * MLFORGE_SLOT_BYTES(bytes)];     \
	static K_SEM_DEFINE(service_name##_free, queue_length, queue_length);                      \
	static K_SEM_DEFINE(service_name##_ready, 0, (queue_length) + 1);                          \
	static K_MUTEX_DEFINE(service_name##_lock);                                                \
	MLFORGE_SERVICE_STREAM_DEFINE(service_name)                                                \
	static struct mlforge_queue service_name##_queue = {                                       \
		.slots = service_name##_slots,                                                     \
		.slot_bytes = MLFORGE_SLOT_BYTES(bytes),                                           \
		.message_bytes = bytes,                                                            \
		.length = queue_length,                                                            \
		.free = &service_name##_free,                                                      \
		.ready = &service_name##_ready,                                                    \
	};                                                                                         \
	static struct mlforge_service_state service_name##_state = {                               \
		.lock = &service_name##_lock,                                                      \
	};                                                                                         \
	extern const k_tid_t service_name##_thread;                                                \
	const STRUCT_SECTION_ITERABLE(mlforge_service, service_name) = {                           \
		.name = STRINGIFY(service_name), .instance = model_instance,                       \
				  .state = &service_name##_state, .queue = &service_name##_queue,  \
				  .thread = &service_name##_thread,                                \
				  .stack_bytes = CONFIG_MLFORGE_SERVICE_STACK_SIZE,                \
				  .channel = zbus_channel, MLFORGE_SERVICE_STREAM(service_name)}

#define MLFORGE_SERVICE_THREAD_DEFINE(service_name)                                                \
	extern const struct mlforge_service service_name;                                          \
	K_THREAD_DEFINE(service_name##_thread, CONFIG_MLFORGE_SERVICE_STACK_SIZE,                  \
			mlforge_service_thread, (void *)&service_name, NULL, NULL,                 \
			CONFIG_MLFORGE_SERVICE_PRIORITY, 0, 0)

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_SERVICE_H_ */
