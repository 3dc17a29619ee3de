/* SPDX-License-Identifier: Apache-2.0
 *
 * The inference service: a thread of its own with a static stack, which takes frames from a queue, computes
 * features, runs the inference and hands each result to listeners (and to zbus). No heap.
 *
 * With CONFIG_MLFORGE_SERVICE=y each model of the build has one, `<name>_service`. All functions may be called from any
 * thread; mlforge_service_submit with K_NO_WAIT from interrupts, too.
 */
#ifndef MLFORGE_SERVICE_H_
#define MLFORGE_SERVICE_H_

#include <mlforge/instance.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/slist.h>
#ifdef CONFIG_MLFORGE_ZBUS
#include <zephyr/zbus/zbus.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One inference. */
struct mlforge_result {
	const struct mlforge_instance *instance;
	const int8_t *output;  /* the first output; valid while the listener runs */
	uint32_t number;       /* of this inference, from 0, since the statistics were reset */
	uint32_t inference_us; /* features and model */
	uint32_t latency_us;   /* from mlforge_service_submit of the last frame to the result */
	bool late;             /* latency_us is above the deadline */
};

/* What a zbus channel carries: for an application with classes, the likeliest and its int8 score. */
struct mlforge_message {
	uint32_t number;
	uint32_t latency_us;
	uint16_t best; /* index of the largest value of the first output */
	int8_t score;
	bool late;
};

struct mlforge_listener {
	/* Called in the service's thread, holding its lock: keep it short, and do not wait for the service in it. */
	void (*result)(const struct mlforge_result *result, void *user_data);
	void *user_data;
	sys_snode_t node; /* the service's */
};

/* Since boot or mlforge_service_reset_stats. Times are in microseconds. */
struct mlforge_stats {
	uint32_t inferences;
	uint32_t late;               /* results after the deadline */
	uint32_t refused;            /* frames that found the queue full */
	uint32_t worst_inference_us; /* features and model */
	uint32_t worst_latency_us;   /* from submit to result */
	uint32_t deadline_us;        /* 0: none */
	uint32_t arena_bytes;
	uint32_t stack_bytes;
	uint32_t stack_unused_bytes; /* never touched since boot */
};

/* Internals, for MLFORGE_SERVICE_DEFINE and the service's own code.
 *
 * A queue of slots: a frame is copied into its slot once, without a lock held, and worked on where it lies. Slots are
 * claimed, published and taken in the same order. */
struct mlforge_slot {
	uint32_t submitted_cycles;
	uint32_t filled;
	/* the message follows */
};

struct mlforge_queue {
	uint8_t *slots;
	uint32_t slot_bytes; /* with the header; a multiple of 4 */
	uint32_t message_bytes;
	uint32_t length;
	uint32_t claimed; /* counters modulo length */
	uint32_t published;
	uint32_t taken;
	struct k_spinlock lock;
	struct k_sem free;
	struct k_sem ready;
};

struct mlforge_service_state {
	struct k_mutex lock; /* inherits priority: an urgent caller does not wait for less urgent threads */
	sys_slist_t listeners;
	struct mlforge_stats stats;
	atomic_t refused;
};

struct mlforge_service {
	const char *name;
	const struct mlforge_instance *instance;
	struct mlforge_service_state *state;
	struct mlforge_queue *queue;
	const k_tid_t *thread;
	uint32_t stack_bytes;
	const void *channel; /* a struct zbus_channel, or NULL */
};

void mlforge_service_thread(void *service, void *unused1, void *unused2);

/* Queues one frame (int32, mlforge_features_frame_length values), or for a model without features one input (int8).
 * Returns 0, or -ENOBUFS when the queue stayed full for `timeout`, which is counted. */
int mlforge_service_submit(const struct mlforge_service *service, const void *message, k_timeout_t timeout);

/* One inference in the caller's thread and on its stack, in turn with the service's own.
 * input: int8 [model->inputs[0].bytes]; output: int8 [model->outputs[0].bytes].
 * Returns 0, or -EBUSY when the model stayed in use for `timeout`. */
int mlforge_service_infer(const struct mlforge_service *service, const int8_t *input, int8_t *output,
			  k_timeout_t timeout);

/* Adds a listener, which must stay where it is; for the same listener only once. */
void mlforge_service_listen(const struct mlforge_service *service, struct mlforge_listener *listener);

/* Forgets the frames of the current window. Frames in the queue stay. The model must have features. */
void mlforge_service_restart(const struct mlforge_service *service);

#ifdef CONFIG_MLFORGE_STATS
void mlforge_service_stats(const struct mlforge_service *service, struct mlforge_stats *stats);
void mlforge_service_reset_stats(const struct mlforge_service *service);
#endif

#ifdef CONFIG_MLFORGE_ZBUS
#define MLFORGE_CHANNEL(channel) &channel
#define MLFORGE_CHANNEL_DEFINE(channel)                                                                                \
	ZBUS_CHAN_DEFINE(channel, struct mlforge_message, NULL, NULL, ZBUS_OBSERVERS_EMPTY, ZBUS_MSG_INIT(0))
#else
#define MLFORGE_CHANNEL(channel) NULL
#endif

#define MLFORGE_SLOT_BYTES(bytes) (sizeof(struct mlforge_slot) + ROUND_UP(bytes, 4))

/* Defines `const struct mlforge_service service_name`, which can queue queue_length messages. */
#define MLFORGE_SERVICE_DEFINE(service_name, model_instance, bytes, queue_length, zbus_channel)                        \
	static uint8_t __aligned(4) service_name##_slots[(queue_length) * MLFORGE_SLOT_BYTES(bytes)];                  \
	static struct mlforge_queue service_name##_queue = {                                                           \
		.slots = service_name##_slots,                                                                         \
		.slot_bytes = MLFORGE_SLOT_BYTES(bytes),                                                               \
		.message_bytes = bytes,                                                                                \
		.length = queue_length,                                                                                \
		.free = Z_SEM_INITIALIZER(service_name##_queue.free, queue_length, queue_length),                      \
		.ready = Z_SEM_INITIALIZER(service_name##_queue.ready, 0, queue_length),                               \
	};                                                                                                             \
	static struct mlforge_service_state service_name##_state = {                                                   \
		.lock = Z_MUTEX_INITIALIZER(service_name##_state.lock),                                                \
	};                                                                                                             \
	extern const struct mlforge_service service_name;                                                              \
	K_THREAD_DEFINE(service_name##_thread, CONFIG_MLFORGE_SERVICE_STACK_SIZE, mlforge_service_thread,              \
			(void *)&service_name, NULL, NULL, CONFIG_MLFORGE_SERVICE_PRIORITY, 0, 0);                     \
	const STRUCT_SECTION_ITERABLE(mlforge_service, service_name) = {                                               \
		.name = STRINGIFY(service_name),                                                                       \
		.instance = model_instance,                                                                            \
		.state = &service_name##_state,                                                                        \
		.queue = &service_name##_queue,                                                                        \
		.thread = &service_name##_thread,                                                                      \
		.stack_bytes = CONFIG_MLFORGE_SERVICE_STACK_SIZE,                                                      \
		.channel = zbus_channel,                                                                               \
	}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_SERVICE_H_ */
