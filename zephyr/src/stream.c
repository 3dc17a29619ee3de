/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread of the streams: blocks into features, one at a time and in turn with the streams of
 * other services. A window that is complete stops its stream until the service has read it, which
 * is at once where no inference runs; blocks wait in the queue meanwhile.
 */
#include <errno.h>
#ifdef CONFIG_MLFORGE_RECORD
#include <mlforge/record.h>
#endif
#include <zephyr/init.h>
#include <zephyr/logging/log.h>

#include "clock.h"
#include "gap.h"
#include "init_order.h"
#include "stream.h"

LOG_MODULE_DECLARE(mlforge, CONFIG_MLFORGE_LOG_LEVEL);

#define STREAM_CONVERTED_VALUES 32 /* in a frame: see mlforge_features_push_block */

BUILD_ASSERT(CONFIG_MLFORGE_STREAM_PRIORITY < CONFIG_MLFORGE_SERVICE_PRIORITY,
	     "CONFIG_MLFORGE_STREAM_PRIORITY must be more urgent (smaller) than "
	     "CONFIG_MLFORGE_SERVICE_PRIORITY, or blocks wait for inferences");

static K_THREAD_STACK_DEFINE(stream_stack, CONFIG_MLFORGE_STREAM_STACK_SIZE);
static struct k_work_q stream_queue;
static atomic_t stream_started;

void mlforge_block_free(const void *samples, void *slab)
{
	k_mem_slab_free((struct k_mem_slab *)slab, (void *)samples);
}

static void stream_resume(struct mlforge_stream *stream)
{
	if (atomic_get(&stream_started)) {
		(void)k_work_submit_to_queue(&stream_queue, &stream->work);
	}
}

static void stream_release(struct mlforge_stream *stream)
{
	const struct mlforge_block block = stream->now;
	const k_spinlock_key_t key = k_spin_lock(&stream->lock);

	stream->processed += block.frames;
	k_spin_unlock(&stream->lock, key);
	stream->now.samples = NULL;
	if (block.release != NULL) {
		block.release(block.samples, block.user_data);
	}
}

static uint32_t stream_frame_bytes(const struct mlforge_stream *stream)
{
	const uint32_t sample_bytes =
		stream->now.type == MLFORGE_SAMPLES_INT16 ? sizeof(int16_t) : sizeof(int32_t);

	return sample_bytes * mlforge_features_frame_length(stream->service->instance->features);
}

/* As it came, before anything is corrected. */
static void stream_record(const struct mlforge_stream *stream, const void *frames, uint32_t count)
{
#ifdef CONFIG_MLFORGE_RECORD
	mlforge_record(stream->service->instance, frames, stream->now.type, count);
#else
	ARG_UNUSED(stream);
	ARG_UNUSED(frames);
	ARG_UNUSED(count);
#endif
}

/* The frames that come next, and how many of them lie there. */
static uint32_t stream_next(const struct mlforge_stream *stream, const void **frames)
{
	const struct mlforge_block *block = &stream->now;

	if (block->read != NULL) {
		return block->read(block, stream->taken, frames);
	}
	*frames = (const uint8_t *)block->samples + stream->taken * stream_frame_bytes(stream);
	return block->frames - stream->taken;
}

/* Part of a block into the features; true when it completes a window. The features are held. */
static bool stream_take(struct mlforge_stream *stream)
{
	const struct mlforge_block *block = &stream->now;
	const void *frames = NULL;
	const uint32_t there = stream_next(stream, &frames);
	bool complete;

	if (there == 0) {
		LOG_WRN("%s: %u frames of a block could not be decoded", stream->service->name,
			block->frames - stream->taken);
		stream->taken = block->frames;
		mlforge_gap_found(stream->service);
		return false;
	}
	const uint32_t took = mlforge_take_block(stream->service->instance, frames, block->type,
						 there, &complete);

	stream_record(stream, frames, took);
	stream->taken += took;
	mlforge_gap_passed(stream->service, took);
	return complete;
}

static void stream_read_block(struct mlforge_stream *stream)
{
	while (stream->taken < stream->now.frames && !atomic_get(&stream->complete)) {
		if (stream_take(stream)) {
			stream->submitted_at = stream->now_at;
			stream->forgotten = false;
			(void)atomic_set(&stream->complete, 1);
			k_sem_give(stream->service->queue->ready);
		}
	}
	if (stream->taken == stream->now.frames) {
		stream_release(stream);
	}
}

/* The oldest of the queue, where there is one. */
static void stream_next_block(struct mlforge_stream *stream)
{
	struct mlforge_queued_block queued;

	if (k_msgq_get(stream->queue, &queued, K_NO_WAIT) != 0) {
		return;
	}
	stream->now = (struct mlforge_block){
		.samples = queued.samples,
		.frames = queued.frames,
		.release = queued.release,
		.user_data = queued.user_data,
		.type = (enum mlforge_samples)queued.type,
		.read = queued.read,
	};
	stream->now_at = queued.submitted;
	stream->taken = 0;
	if (queued.gap) {
		mlforge_gap_found(stream->service);
	}
}

static void stream_work(struct k_work *work)
{
	struct mlforge_stream *stream = CONTAINER_OF(work, struct mlforge_stream, work);

	(void)k_mutex_lock(stream->features, K_FOREVER);
	if (!atomic_get(&stream->complete)) {
		if (stream->now.samples == NULL) {
			stream_next_block(stream);
		}
		if (stream->now.samples != NULL) {
			stream_read_block(stream);
		}
	}
	const bool more = !atomic_get(&stream->complete) && k_msgq_num_used_get(stream->queue) > 0;

	k_mutex_unlock(stream->features);
	if (more) {
		stream_resume(stream);
	}
}

static int stream_check(const struct mlforge_service *service, const struct mlforge_block *block)
{
	const struct mlforge_pipeline *features = service->instance->features;

	if (block == NULL || block->samples == NULL || block->frames == 0 ||
	    block->frames >> MLFORGE_BLOCK_FRAMES_BITS != 0 || features == NULL) {
		return -EINVAL;
	}
	if (block->type == MLFORGE_SAMPLES_INT16) {
		if (mlforge_features_samples(features) != MLFORGE_SAMPLES_INT16 &&
		    mlforge_features_frame_length(features) > STREAM_CONVERTED_VALUES) {
			return -ENOTSUP;
		}
	}
	const size_t alignment = block->read != NULL                    ? 1
				 : block->type == MLFORGE_SAMPLES_INT16 ? sizeof(int16_t)
									: sizeof(int32_t);

	return (uintptr_t)block->samples % alignment == 0 ? 0 : -EINVAL;
}

/* Before it is queued, from when on the thread of the streams may have processed it. */
static void stream_count_submitted(struct mlforge_stream *stream,
				   struct mlforge_queued_block *queued)
{
	const uint32_t frames = queued->frames;
	const k_spinlock_key_t key = k_spin_lock(&stream->lock);

	queued->gap = stream->gap;
	stream->gap = false;
	stream->submitted += frames;
	stream->longest = MAX(stream->longest, frames);
	k_spin_unlock(&stream->lock, key);
}

static void stream_count_outcome(struct mlforge_stream *stream, uint32_t frames, bool queued)
{
	const k_spinlock_key_t key = k_spin_lock(&stream->lock);

	stream->refused += queued ? 0 : frames;
	stream->gap |= !queued;
	stream->most_queued =
		MAX(stream->most_queued, stream->submitted - stream->refused - stream->processed);
	const uint32_t refused = stream->refused;

	k_spin_unlock(&stream->lock, key);
	if (!queued && LOG2(refused) != LOG2(MAX(refused - frames, 1))) {
		LOG_WRN("%s: queue full, block refused, %u frames so far "
			"(CONFIG_MLFORGE_STREAM_QUEUE_MS)",
			stream->service->name, refused);
	}
}

int mlforge_service_submit_block(const struct mlforge_service *service,
				 const struct mlforge_block *block, k_timeout_t timeout)
{
	const struct mlforge_moment now = mlforge_now();
	const int wrong = stream_check(service, block);

	if (wrong != 0) {
		return wrong;
	}
	if (!mlforge_allowed(service->instance)) {
		return -EACCES;
	}
	struct mlforge_queued_block queued = {
		.samples = block->samples,
		.release = block->release,
		.user_data = block->user_data,
		.read = block->read,
		.submitted = now,
		.frames = block->frames,
		.type = block->type,
	};

	stream_count_submitted(service->stream, &queued);
	const bool room = k_msgq_put(service->stream->queue, &queued,
				     k_is_in_isr() ? K_NO_WAIT : timeout) == 0;

	stream_count_outcome(service->stream, block->frames, room);
	if (!room) {
		return -ENOBUFS;
	}
	stream_resume(service->stream);
	return 0;
}

bool mlforge_stream_complete(const struct mlforge_service *service,
			     struct mlforge_moment *submitted)
{
	if (!atomic_get(&service->stream->complete)) {
		return false;
	}
	*submitted = service->stream->submitted_at;
	return true;
}

bool mlforge_stream_read(const struct mlforge_service *service, int8_t *input)
{
	struct mlforge_stream *stream = service->stream;

	mlforge_stream_lock(service);
	const bool reads = input != NULL && !stream->forgotten;

	if (!stream->forgotten) {
		mlforge_gap_window_taken(service);
	}

	if (reads) {
		mlforge_features_read(service->instance->features, input);
	}
	(void)atomic_clear(&stream->complete);
	mlforge_stream_unlock(service);
	stream_resume(stream);
	return reads;
}

void mlforge_stream_lock(const struct mlforge_service *service)
{
	(void)k_mutex_lock(service->stream->features, K_FOREVER);
}

void mlforge_stream_unlock(const struct mlforge_service *service)
{
	(void)k_mutex_unlock(service->stream->features);
}

void mlforge_stream_forget(const struct mlforge_service *service)
{
	service->stream->forgotten = true;
}

void mlforge_stream_stats(const struct mlforge_service *service, struct mlforge_stats *stats)
{
	struct mlforge_stream *stream = service->stream;
	const k_spinlock_key_t key = k_spin_lock(&stream->lock);

	stats->submitted += stream->submitted;
	stats->processed += stream->processed;
	stats->refused += stream->refused;
	stats->queued += stream->submitted - stream->refused - stream->processed;
	stats->most_queued += stream->most_queued;
	stats->queue_length += stream->longest * MLFORGE_STREAM_BLOCKS;
	k_spin_unlock(&stream->lock, key);
}

void mlforge_stream_reset_stats(const struct mlforge_service *service)
{
	struct mlforge_stream *stream = service->stream;
	const k_spinlock_key_t key = k_spin_lock(&stream->lock);

	stream->submitted -= stream->refused + stream->processed;
	stream->most_queued = stream->submitted;
	stream->refused = 0;
	stream->processed = 0;
	k_spin_unlock(&stream->lock, key);
}

void mlforge_stream_set_gap(const struct mlforge_service *service, bool gap)
{
	struct mlforge_stream *stream = service->stream;
	const k_spinlock_key_t key = k_spin_lock(&stream->lock);

	stream->gap = gap;
	k_spin_unlock(&stream->lock, key);
}

k_tid_t mlforge_stream_thread(void)
{
	return k_work_queue_thread_get(&stream_queue);
}

static int streams_begin(void)
{
	static const struct k_work_queue_config config = {.name = "mlforge_stream"};

	STRUCT_SECTION_FOREACH(mlforge_service, service) {
		k_work_init(&service->stream->work, stream_work);
	}
	k_work_queue_start(&stream_queue, stream_stack, K_THREAD_STACK_SIZEOF(stream_stack),
			   CONFIG_MLFORGE_STREAM_PRIORITY, &config);
	(void)atomic_set(&stream_started, 1);
	STRUCT_SECTION_FOREACH(mlforge_service, service) {
		stream_resume(service->stream); /* blocks that came before */
	}
	return 0;
}
SYS_INIT(streams_begin, APPLICATION, MLFORGE_INIT_FEED_QUEUE);
