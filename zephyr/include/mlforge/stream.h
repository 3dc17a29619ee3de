/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Blocks of samples into an inference service, by reference.
 *
 * A driver with DMA (DMIC, I2S, a sensor's FIFO) fills a buffer with many frames at once. With
 * CONFIG_MLFORGE_STREAM=y a service takes such a block where it lies and gives it back when its
 * features have read it. A thread of its own, more urgent than the inferences, does that, so that
 * samples are taken while an inference runs. The queue costs some 30 bytes a block, and its length
 * is a time (CONFIG_MLFORGE_STREAM_QUEUE_MS).
 */
#ifndef MLFORGE_STREAM_H_
#define MLFORGE_STREAM_H_

#include <mlforge/features.h>
#include <mlforge/moment.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/atomic.h>
#include <zephyr/sys/util.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @brief A run of frames, where its driver has left it. */
struct mlforge_block {
	/** int16 or int32 [frames][mlforge_features_frame_length], aligned to its type: fixed point
	 * with the fraction bits of the model's frames. Or whatever `read` makes such frames of. */
	const void *samples;
	/** Frames in the block, above 0. */
	uint32_t frames;
	/** Called once when the samples are not needed any more, in the thread of the streams; NULL
	 * where nobody needs to know. */
	void (*release)(const void *samples, void *user_data);
	/** Of `release`. */
	void *user_data;
	/** Type of the samples. */
	enum mlforge_samples type;
	/** NULL where `samples` are frames. Else they are as a driver has encoded them, and this
	 * gives the frames from `first` on that are decoded, in the thread of the streams: it sets
	 * `frames` and returns how many are there, at least 1; 0 where the rest cannot be decoded.
	 * They stay as they are until the next call, and calls go forward. */
	uint32_t (*read)(const struct mlforge_block *block, uint32_t first, const void **frames);
};

/**
 * @brief Initialises a struct mlforge_block in C and C++, with every warning on.
 */
#define MLFORGE_BLOCK_INIT(its_samples, its_frames, its_type, its_release, its_user_data)          \
	{(its_samples), (its_frames), (its_release), (its_user_data), (its_type), NULL}

/**
 * @brief The same for a block of a struct k_mem_slab, such as drivers of DMIC and I2S fill, to
 * which it goes back.
 */
#define MLFORGE_SLAB_BLOCK_INIT(its_samples, its_frames, its_type, its_slab)                       \
	MLFORGE_BLOCK_INIT(its_samples, its_frames, its_type, mlforge_block_free, its_slab)

/**
 * @brief Gives a block back to its slab: what MLFORGE_SLAB_BLOCK_INIT sets as `release`.
 *
 * @param samples of the block
 * @param slab    its struct k_mem_slab
 */
void mlforge_block_free(const void *samples, void *slab);

/**
 * @brief Blocks that a service can queue. A driver's slab needs two more: one that is being
 * filled, and one that is being read.
 */
#define MLFORGE_STREAM_BLOCKS                                                                      \
	DIV_ROUND_UP(CONFIG_MLFORGE_STREAM_QUEUE_MS, CONFIG_MLFORGE_STREAM_BLOCK_MS)

struct mlforge_service;

/**
 * @brief Queues a block, which is not copied.
 *
 * In interrupts, too, where it never waits. A service takes blocks or frames
 * (mlforge_service_submit), in turn where it must be.
 *
 * @param service of the model, `<name>_service`; a model with features
 * @param block   copied; what its `samples` point to stays the service's until `release` is called
 * @param timeout how long to wait for room
 *
 * @retval 0        It is queued.
 * @retval -ENOBUFS The queue stayed full for `timeout`: its frames are counted as refused, and
 *                  logged. The samples are the caller's again; `release` is not called.
 * @retval -EINVAL  A NULL or misaligned pointer, no frames or 2^29 and more, or a model without
 *                  features.
 * @retval -ENOTSUP int16 samples in frames of more values than features of int32 convert.
 * @retval -EACCES  There are no inferences (mlforge_allowed).
 */
int mlforge_service_submit_block(const struct mlforge_service *service,
				 const struct mlforge_block *block, k_timeout_t timeout);

/** @cond INTERNAL_HIDDEN */

/* For MLFORGE_SERVICE_DEFINE and the service's own code. */

#define MLFORGE_BLOCK_FRAMES_BITS 29

/* A block as it waits, in few bytes. */
struct mlforge_queued_block {
	const void *samples;
	void (*release)(const void *samples, void *user_data);
	void *user_data;
	uint32_t (*read)(const struct mlforge_block *block, uint32_t first, const void **frames);
	struct mlforge_moment submitted;
	uint32_t frames: MLFORGE_BLOCK_FRAMES_BITS;
	uint32_t type: 2; /* enum mlforge_samples */
	uint32_t gap: 1;  /* frames are missing in front of it */
};

struct mlforge_stream {
	const struct mlforge_service *service;
	struct k_msgq *queue;
	struct k_mutex *features; /* for whoever touches the features */
	struct k_work work;
	struct mlforge_block now;           /* being read; its samples are NULL where none is */
	struct mlforge_moment now_at;       /* when it was submitted */
	uint32_t taken;                     /* frames of it */
	atomic_t complete;                  /* a window waits for the service to read it */
	bool forgotten;                     /* that window is none any more */
	struct mlforge_moment submitted_at; /* the block that completed it */
	struct k_spinlock lock;             /* of the counts, in frames */
	bool gap;                           /* in front of the block that comes next */
	uint32_t submitted;
	uint32_t refused;
	uint32_t processed;
	uint32_t most_queued;
	uint32_t longest; /* block */
};

/** @endcond */

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_STREAM_H_ */
