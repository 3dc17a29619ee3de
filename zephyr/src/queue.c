/* SPDX-License-Identifier: Apache-2.0
 *
 * Slots are claimed under a spinlock, filled without it, and published in the order of their claims: a producer that is
 * interrupted while it copies delays what was claimed after it, and blocks nobody.
 */
#include <errno.h>
#include <string.h>

#include "queue.h"

static struct mlforge_slot *slot_at(const struct mlforge_queue *queue, uint32_t index)
{
	return (struct mlforge_slot *)&queue->slots[index * queue->slot_bytes];
}

static uint32_t after(const struct mlforge_queue *queue, uint32_t index)
{
	return index + 1 == queue->length ? 0 : index + 1;
}

/* Marks the slot as filled, and returns how many slots at the head of the queue have thereby become ready. */
static uint32_t publish(struct mlforge_queue *queue, struct mlforge_slot *slot)
{
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);
	uint32_t count = 0;

	slot->filled = 1;
	while (slot_at(queue, queue->published)->filled) {
		slot_at(queue, queue->published)->filled = 0;
		queue->published = after(queue, queue->published);
		count++;
	}
	k_spin_unlock(&queue->lock, key);
	return count;
}

int mlforge_queue_put(struct mlforge_queue *queue, const void *message, k_timeout_t timeout)
{
	const uint32_t now = k_cycle_get_32();

	if (k_sem_take(&queue->free, timeout) != 0) {
		return -ENOBUFS;
	}
	const k_spinlock_key_t key = k_spin_lock(&queue->lock);
	struct mlforge_slot *slot = slot_at(queue, queue->claimed);

	queue->claimed = after(queue, queue->claimed);
	k_spin_unlock(&queue->lock, key);
	slot->submitted_cycles = now;
	memcpy(slot + 1, message, queue->message_bytes);
	for (uint32_t count = publish(queue, slot); count > 0; count--) {
		k_sem_give(&queue->ready);
	}
	return 0;
}

const struct mlforge_slot *mlforge_queue_take(struct mlforge_queue *queue)
{
	(void)k_sem_take(&queue->ready, K_FOREVER);
	return slot_at(queue, queue->taken);
}

void mlforge_queue_release(struct mlforge_queue *queue)
{
	queue->taken = after(queue, queue->taken);
	k_sem_give(&queue->free);
}
