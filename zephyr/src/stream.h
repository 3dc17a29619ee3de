/* SPDX-License-Identifier: Apache-2.0
 *
 * Between a service and the stream of blocks that feeds it: windows that the thread of the streams
 * has completed. Without CONFIG_MLFORGE_STREAM there are none.
 */
#ifndef MLFORGE_ZEPHYR_STREAM_H_
#define MLFORGE_ZEPHYR_STREAM_H_

#include <mlforge/service.h>

#ifdef CONFIG_MLFORGE_STREAM
/* Whether a window is complete, and when its last block was submitted. */
bool mlforge_stream_complete(const struct mlforge_service *service,
			     struct mlforge_moment *submitted);

/* Writes the window to `input`, or drops it where that is NULL; the stream goes on. False where
 * there is nothing in `input`. */
bool mlforge_stream_read(const struct mlforge_service *service, int8_t *input);

/* Whoever holds this alone touches the features. */
void mlforge_stream_lock(const struct mlforge_service *service);
void mlforge_stream_unlock(const struct mlforge_service *service);

/* A window that waits is none any more. The lock is held. */
void mlforge_stream_forget(const struct mlforge_service *service);

/* Whether frames are missing in front of the next block. */
void mlforge_stream_set_gap(const struct mlforge_service *service, bool gap);

/* The thread that reads the streams. */
k_tid_t mlforge_stream_thread(void);

/* Adds its frames to those of the queue. */
void mlforge_stream_stats(const struct mlforge_service *service, struct mlforge_stats *stats);
void mlforge_stream_reset_stats(const struct mlforge_service *service);
#else
static inline bool mlforge_stream_complete(const struct mlforge_service *service,
					   struct mlforge_moment *submitted)
{
	ARG_UNUSED(service);
	ARG_UNUSED(submitted);
	return false;
}

static inline bool mlforge_stream_read(const struct mlforge_service *service, int8_t *input)
{
	ARG_UNUSED(service);
	ARG_UNUSED(input);
	return false;
}

static inline void mlforge_stream_lock(const struct mlforge_service *service)
{
	ARG_UNUSED(service);
}

static inline void mlforge_stream_unlock(const struct mlforge_service *service)
{
	ARG_UNUSED(service);
}

static inline void mlforge_stream_forget(const struct mlforge_service *service)
{
	ARG_UNUSED(service);
}

static inline void mlforge_stream_set_gap(const struct mlforge_service *service, bool gap)
{
	ARG_UNUSED(service);
	ARG_UNUSED(gap);
}

static inline void mlforge_stream_stats(const struct mlforge_service *service,
					struct mlforge_stats *stats)
{
	ARG_UNUSED(service);
	ARG_UNUSED(stats);
}

static inline void mlforge_stream_reset_stats(const struct mlforge_service *service)
{
	ARG_UNUSED(service);
}
#endif

#endif /* MLFORGE_ZEPHYR_STREAM_H_ */
