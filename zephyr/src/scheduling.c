/* SPDX-License-Identifier: Apache-2.0
 *
 * Measures what a model does to an application: how late a timer of 1 kHz and a thread of the
 * highest priority come, how long each thread takes from ready to waiting again, and its share of
 * the processor; first without the model, then with it at its rate, then with other work besides.
 * The host reads the report from the console (targets/scheduling.py). Times are in cycles of
 * k_cycle_get_32.
 */
#include <stdlib.h>
#include <string.h>
#include <tracing_user.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "kept_free.h"
#include "scheduling.h"

#define SAY            "\nmlforge-scheduling "
#define PERIOD_TICKS   MAX(1, k_us_to_ticks_near32(USEC_PER_MSEC))
#define MOST_CHANNELS  64
#define STACK_BYTES    1024
#define WARM_UP_MS     200
#define STATE_BYTES    16
#define PRIORITY_FIRST K_HIGHEST_APPLICATION_THREAD_PRIO

enum {
	ALONE,
	WITH_MODEL,
	WITH_LOAD,
	PHASES
};

struct spread {
	int64_t total;
	int32_t worst;
	uint32_t count;
};

struct watched {
	k_tid_t thread;
	bool active; /* ready or running since `ready_at` */
	uint32_t ready_at;
	uint32_t deadline; /* 0: none */
	uint64_t cycles_before;
	struct spread response[PHASES];
	uint32_t missed[PHASES];
	uint32_t cycles[PHASES];
};

static struct watched watched[CONFIG_MLFORGE_SCHEDULING_THREADS];
static size_t watched_count;
static struct spread timers[PHASES];
static struct spread wakes[PHASES];
static struct spread inferences[PHASES];
static uint32_t late[PHASES];
static uint32_t lengths[PHASES];
static volatile int phase = -1; /* -1 outside of all */
static uint32_t expected;       /* when the timer should have expired last */
static int32_t earliest = INT32_MAX;
static const struct mlforge_scheduled *model;
static K_SEM_DEFINE(expired, 0, 1);

static void spread_add(struct spread *spread, int32_t value)
{
	spread->worst = spread->count == 0U ? value : MAX(spread->worst, value);
	spread->total += value;
	spread->count++;
}

static uint32_t us_to_cycles(uint32_t us)
{
	return (uint32_t)k_us_to_cyc_ceil64(us);
}

static void scheduling_on_timer(struct k_timer *timer)
{
	static bool started;
	const uint32_t now = k_cycle_get_32();
	const uint32_t tick = sys_clock_hw_cycles_per_sec() / CONFIG_SYS_CLOCK_TICKS_PER_SEC;

	ARG_UNUSED(timer);
	expected = started ? expected + PERIOD_TICKS * tick : now;
	started = true;
	const int32_t after = (int32_t)(now - expected);

	earliest = MIN(earliest, after);
	if (phase >= 0) {
		spread_add(&timers[phase], after);
	}
	k_sem_give(&expired);
}
static K_TIMER_DEFINE(scheduling_timer, scheduling_on_timer, NULL);

static void scheduling_probe(void *first, void *second, void *third)
{
	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	for (;;) {
		(void)k_sem_take(&expired, K_FOREVER);
		const int32_t after = (int32_t)(k_cycle_get_32() - expected);

		if (phase >= 0) {
			spread_add(&wakes[phase], after);
		}
	}
}
K_THREAD_DEFINE(mlforge_probe, STACK_BYTES, scheduling_probe, NULL, NULL, NULL, PRIORITY_FIRST, 0,
		0);

/* Microseconds from "NAME=US,NAME=US", or 0. */
static uint32_t scheduling_deadline(const char *name)
{
	const char *at = CONFIG_MLFORGE_SCHEDULING_DEADLINES;
	const size_t length = strlen(name);

	while (length != 0U && at != NULL && *at != '\0') {
		if (strncmp(at, name, length) == 0 && at[length] == '=') {
			return (uint32_t)strtoul(at + length + 1U, NULL, 10);
		}
		at = strchr(at, ',');
		at = at == NULL ? NULL : at + 1;
	}
	return 0;
}

static struct watched *scheduling_find(k_tid_t thread)
{
	for (size_t i = 0; i < watched_count; i++) {
		if (watched[i].thread == thread) {
			return &watched[i];
		}
	}
	return NULL;
}

/* Interrupts are locked. */
void sys_trace_thread_sched_ready_user(struct k_thread *thread)
{
	struct watched *found = scheduling_find(thread);

	if (found != NULL && !found->active) {
		found->active = true;
		found->ready_at = k_cycle_get_32();
	}
}

void sys_trace_thread_switched_out_user(void)
{
	char state[STATE_BYTES];
	const unsigned int key = irq_lock();
	struct watched *found = scheduling_find(k_current_get());

	if (found != NULL && found->active) {
		const char first = k_thread_state_str(found->thread, state, sizeof(state))[0];

		if (first != '\0' && first != 'q') { /* it waits: it was not only preempted */
			const uint32_t took = k_cycle_get_32() - found->ready_at;

			found->active = false;
			if (phase >= 0) {
				spread_add(&found->response[phase], (int32_t)took);
				found->missed[phase] +=
					found->deadline != 0U && took > found->deadline;
			}
		}
	}
	irq_unlock(key);
}

static void scheduling_watch(const struct k_thread *thread, void *unused)
{
	const k_tid_t id = (k_tid_t)thread;
	struct watched *found = scheduling_find(id);
	k_thread_runtime_stats_t stats = {0};

	ARG_UNUSED(unused);
	if (found == NULL) {
		if (watched_count == ARRAY_SIZE(watched)) {
			return;
		}
		found = &watched[watched_count];
		found->thread = id;
		watched_count++;
	}
	const char *name = k_thread_name_get(id);

	found->deadline = us_to_cycles(scheduling_deadline(name == NULL ? "" : name));
	(void)k_thread_runtime_stats_get(id, &stats);
	found->cycles_before = stats.execution_cycles;
}

static void scheduling_inferred(uint32_t began, bool too_late)
{
	if (phase >= 0) {
		spread_add(&inferences[phase], (int32_t)(k_cycle_get_32() - began));
		late[phase] += too_late;
	}
}

#ifdef CONFIG_MLFORGE_SERVICE
static uint32_t handed_over_at;

static void scheduling_result(const struct mlforge_result *result, void *unused)
{
	ARG_UNUSED(unused);
	scheduling_inferred(handed_over_at, result->late);
}
#endif

/* The frames of one result; noise, which takes as long as any signal. */
static void scheduling_feed(void)
{
	static uint32_t state = 1;
	static int32_t frame[MOST_CHANNELS];
	const struct mlforge_instance *instance = model->instance;
	const uint32_t began = k_cycle_get_32();
	bool ready = instance->features == NULL;

	for (uint32_t i = 0; !ready && i < instance->window_frames + instance->hop_frames; i++) {
		for (uint32_t j = 0; j < mlforge_features_frame_length(instance->features); j++) {
			state = state * 1664525U + 1013904223U;
			frame[j] = (int32_t)state >> 20;
		}
#ifdef CONFIG_MLFORGE_SERVICE
		handed_over_at = began;
		(void)mlforge_service_submit(model->service, frame, K_FOREVER);
		ready = i + 1U == instance->hop_frames;
#else
		ready = mlforge_push(instance, frame);
#endif
	}
#ifdef CONFIG_MLFORGE_SERVICE
	if (instance->features == NULL) {
		static int8_t bytes[CONFIG_MLFORGE_SCHEDULING_MESSAGE_BYTES];

		handed_over_at = began;
		(void)mlforge_service_submit(model->service, bytes, K_FOREVER);
	}
#else
	if (instance->features == NULL) {
		(void)mlforge_infer(instance);
	}
	const uint32_t us = (uint32_t)k_cyc_to_us_floor64(k_cycle_get_32() - began);

	scheduling_inferred(began, instance->deadline_us != 0U && us > instance->deadline_us);
#endif
}

static void scheduling_rate(void *first, void *second, void *third)
{
	int64_t next = k_uptime_ticks();

	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	for (;;) {
		next += (int64_t)k_us_to_ticks_near64(CONFIG_MLFORGE_SCHEDULING_PERIOD_US);
		(void)k_sleep(K_TIMEOUT_ABS_TICKS(next));
		if (phase > ALONE) {
			scheduling_feed();
		}
	}
}

static void scheduling_load(void *first, void *second, void *third)
{
	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	for (;;) {
		(void)k_sleep(K_TICKS(PERIOD_TICKS));
		if (phase == WITH_LOAD) {
			k_busy_wait(10U * CONFIG_MLFORGE_SCHEDULING_LOAD);
		}
	}
}

/* `of` is a thread's number, or -1 for what is nobody's. */
static void scheduling_print_spread(const char *what, int of, int at, const struct spread *spread,
				    int32_t base)
{
	const int32_t mean = spread->count == 0U ? 0 : (int32_t)(spread->total / spread->count);

	if (spread->count != 0U) {
		printk(SAY "%s %d %d %d %d %u\n", what, of, at, (int)(mean - base),
		       (int)(spread->worst - base), spread->count);
	}
}

static void scheduling_print_thread(int index)
{
	const struct watched *one = &watched[index];
	const char *name = k_thread_name_get(one->thread);
	size_t unused = 0;

	(void)k_thread_stack_space_get(one->thread, &unused);
	printk(SAY "thread %d %d %u %u %s\n", index, k_thread_priority_get(one->thread),
	       (unsigned int)one->thread->stack_info.size, (unsigned int)unused,
	       name == NULL ? "" : name);
	for (int i = 0; i < PHASES; i++) {
		printk(SAY "use %d %d %u %u\n", index, i, one->cycles[i], one->missed[i]);
		scheduling_print_spread("response", index, i, &one->response[i], 0);
	}
}

static void scheduling_report(void)
{
	k_sched_lock();
	printk(SAY "clock %u\n", (unsigned int)sys_clock_hw_cycles_per_sec());
	for (int i = 0; i < PHASES; i++) {
		printk(SAY "phase %d %u %u\n", i, lengths[i], late[i]);
		scheduling_print_spread("timer", -1, i, &timers[i], earliest);
		scheduling_print_spread("wake", -1, i, &wakes[i], earliest);
		scheduling_print_spread("inference", -1, i, &inferences[i], 0);
	}
	for (size_t i = 0; i < watched_count; i++) {
		scheduling_print_thread((int)i);
	}
#if CONFIG_MLFORGE_RAM_KEPT_FREE > 0
	printk(SAY "kept %d\n", mlforge_kept_free_intact());
#endif
	printk(SAY "end\n");
	k_sched_unlock();
}

static void scheduling_phase(int which)
{
	k_thread_runtime_stats_t stats = {0};

	k_thread_foreach(scheduling_watch, NULL);
	const uint32_t began = k_cycle_get_32();

	phase = which;
	(void)k_msleep(CONFIG_MLFORGE_SCHEDULING_MS);
	phase = -1;
	lengths[which] = k_cycle_get_32() - began;
	for (size_t i = 0; i < watched_count; i++) {
		(void)k_thread_runtime_stats_get(watched[i].thread, &stats);
		watched[i].cycles[which] =
			(uint32_t)(stats.execution_cycles - watched[i].cycles_before);
	}
}

#ifdef CONFIG_MLFORGE_SERVICE
#define RATE_PRIORITY (CONFIG_MLFORGE_SERVICE_PRIORITY - 1) /* as sensors are */
#else
#define RATE_PRIORITY CONFIG_MAIN_THREAD_PRIORITY
#endif

/* The application has started by then. */
K_THREAD_DEFINE(mlforge_rate, CONFIG_MLFORGE_SCHEDULING_STACK_SIZE, scheduling_rate, NULL, NULL,
		NULL, RATE_PRIORITY, 0, WARM_UP_MS);
/* More urgent than the model, but preemptible where the model leaves room for that: other work
 * delays nobody who is more urgent than it. */
K_THREAD_DEFINE(mlforge_load, STACK_BYTES, scheduling_load, NULL, NULL, NULL, RATE_PRIORITY - 1, 0,
		WARM_UP_MS);

static void scheduling_measure(void *first, void *second, void *third)
{
	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	STRUCT_SECTION_FOREACH(mlforge_scheduled, each) {
		if (strcmp(each->name, CONFIG_MLFORGE_SCHEDULING_MODEL) == 0) {
			model = each;
		}
	}
	if (model == NULL ||
	    (model->instance->features != NULL &&
	     mlforge_features_frame_length(model->instance->features) > MOST_CHANNELS)) {
		printk(SAY "no model\n");
		return;
	}
#ifdef CONFIG_MLFORGE_SERVICE
	static struct mlforge_listener listener = {.result = scheduling_result};

	(void)mlforge_service_listen(model->service, &listener);
#endif
	k_timer_start(&scheduling_timer, K_TICKS(PERIOD_TICKS), K_TICKS(PERIOD_TICKS));
	scheduling_phase(ALONE);
	scheduling_phase(WITH_MODEL);
	if (CONFIG_MLFORGE_SCHEDULING_LOAD > 0) {
		scheduling_phase(WITH_LOAD);
	}
	k_timer_stop(&scheduling_timer);
	scheduling_report();
}
K_THREAD_DEFINE(mlforge_measure, STACK_BYTES, scheduling_measure, NULL, NULL, NULL,
		PRIORITY_FIRST + 2, 0, WARM_UP_MS);
