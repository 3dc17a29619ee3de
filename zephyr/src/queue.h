/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue of a service, for its own code alone. Any number of producers, interrupts among them;
 * one consumer.
 */
#ifndef MLFORGE_QUEUE_H_
#define MLFORGE_QUEUE_H_

#include <mlforge/service.h>

/* Copies a message in and notes the time. Returns 0, or, when the queue stayed full for `timeout`,
 * how many messages have been refused so far. */
uint32_t mlforge_queue_put(struct mlforge_queue *queue, const void *message, k_timeout_t timeout);

/* Whether messages are missing in front of the next. */
void mlforge_queue_set_gap(struct mlforge_queue *queue, bool gap);

/* Waits for a message, or for a window of the stream. */
void mlforge_queue_wait(struct mlforge_queue *queue);

/* The oldest message, which has been waited for; it stays in its slot until mlforge_queue_release.
 */
const struct mlforge_slot *mlforge_queue_oldest(const struct mlforge_queue *queue);

void mlforge_queue_release(struct mlforge_queue *queue);

/* Fills in what the queue knows: the frames. */
void mlforge_queue_stats(struct mlforge_queue *queue, struct mlforge_stats *stats);

/* Starts counting afresh, from what is in the queue. */
void mlforge_queue_reset_stats(struct mlforge_queue *queue);

static inline const void *mlforge_slot_message(const struct mlforge_slot *slot)
{
	return slot + 1;
}

#endif /* MLFORGE_QUEUE_H_ */
