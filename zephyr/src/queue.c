/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots are claimed under a spinlock, filled without it, and published in the order of their
 * claims: a producer that is interrupted while it copies delays what was claimed after it, and
 * blocks nobody.
 */
#include <string.h>

#include "clock.h"
#include "queue.h"

static struct mlforge_slot *queue_slot_at(const struct mlforge_queue *queue, uint32_t index)
{
	return (struct mlforge_slot *)&queue->slots[index * queue->slot_bytes];
}

static uint32_t queue_after(const struct mlforge_queue *queue, uint32_t index)
{
	return index + 1 == queue->length ? 0 : index + 1;
}

/* Messages in the queue; the lock is held. */
static uint32_t queue_queued(const struct mlforge_queue *queue)
{
	return queue->submitted - queue->refused - queue->processed;
}

/* Marks the slot as filled, and returns how many slots at the head of the queue have thereby become
 * ready. */
static uint32_t queue_publish(struct mlforge_queue *queue, struct mlforge_slot *slot)
{
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);
	uint32_t count = 0;

	slot->filled = true;
	while (queue_slot_at(queue, queue->published)->filled) {
		queue_slot_at(queue, queue->published)->filled = false;
		queue->published = queue_after(queue, queue->published);
		count++;
	}
	k_spin_unlock(&queue->lock, key);
	return count;
}

/* Before the kernel runs there is no thread to switch to: Zephyr 3.7 tries all the same unless
 * interrupts are locked. */
static void queue_tell_of(struct mlforge_queue *queue, uint32_t messages)
{
	const unsigned int key = k_is_pre_kernel() ? irq_lock() : 0;

	for (; messages > 0; messages--) {
		k_sem_give(queue->ready);
	}
	if (k_is_pre_kernel()) {
		irq_unlock(key);
	}
}

uint32_t mlforge_queue_put(struct mlforge_queue *queue, const void *message, k_timeout_t timeout)
{
	const struct mlforge_moment now = mlforge_now();
	const bool room = k_sem_take(queue->free, timeout) == 0;
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);
	struct mlforge_slot *slot = queue_slot_at(queue, queue->claimed);

	queue->submitted++;
	if (!room) {
		const uint32_t refused = ++queue->refused;

		queue->gap = true;
		k_spin_unlock(&queue->lock, key);
		return refused;
	}
	queue->claimed = queue_after(queue, queue->claimed);
	slot->gap = queue->gap;
	queue->gap = false;
	queue->most_queued = MAX(queue->most_queued, queue_queued(queue));
	k_spin_unlock(&queue->lock, key);
	slot->submitted = now;
	memcpy(slot + 1, message, queue->message_bytes);
	queue_tell_of(queue, queue_publish(queue, slot));
	return 0;
}

void mlforge_queue_set_gap(struct mlforge_queue *queue, bool gap)
{
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);

	queue->gap = gap;
	k_spin_unlock(&queue->lock, key);
}

void mlforge_queue_wait(struct mlforge_queue *queue)
{
	(void)k_sem_take(queue->ready, K_FOREVER);
}

const struct mlforge_slot *mlforge_queue_oldest(const struct mlforge_queue *queue)
{
	return queue_slot_at(queue, queue->taken);
}

void mlforge_queue_release(struct mlforge_queue *queue)
{
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);

	queue->taken = queue_after(queue, queue->taken);
	queue->processed++;
	k_spin_unlock(&queue->lock, key);
	k_sem_give(queue->free);
}

void mlforge_queue_stats(struct mlforge_queue *queue, struct mlforge_stats *stats)
{
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);

	stats->submitted = queue->submitted;
	stats->processed = queue->processed;
	stats->refused = queue->refused;
	stats->queued = queue_queued(queue);
	stats->most_queued = queue->most_queued;
	stats->queue_length = queue->length;
	k_spin_unlock(&queue->lock, key);
}

void mlforge_queue_reset_stats(struct mlforge_queue *queue)
{
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);

	queue->submitted = queue_queued(queue);
	queue->most_queued = queue->submitted;
	queue->processed = 0;
	queue->refused = 0;
	k_spin_unlock(&queue->lock, key);
}
