/* SPDX-License-Identifier: Apache-2.0
 *
 * Threads around a model: one more urgent than its service, one less urgent, and one that locks
 * interrupts for half a millisecond, five times a second. The test puts a contract and a locked
 * model beside prj.conf.
 */
#include <zephyr/kernel.h>

static K_MUTEX_DEFINE(mutex);
static struct k_spinlock lock;

__noinline void hold_everything_up(void)
{
	const unsigned int key = irq_lock();
	const unsigned int nested = irq_lock();

	irq_unlock(nested); /* still locked */
	k_busy_wait(500);
	irq_unlock(key);
}

static void bad(void *first, void *second, void *third)
{
	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	for (;;) {
		hold_everything_up();
		k_msleep(200);
	}
}
K_THREAD_DEFINE(bad_thread, 1024, bad, NULL, NULL, NULL, 12, 0, 0);

/* Computes for so many rounds, of some six instructions, every 10 ms. */
static void worker(void *rounds, void *second, void *third)
{
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	for (;;) {
		k_msleep(10);
		for (volatile uint32_t left = POINTER_TO_UINT(rounds); left != 0U; left--) {
		}
	}
}
K_THREAD_DEFINE(control, 1024, worker, UINT_TO_POINTER(4000), NULL, NULL, 2, 0, 0);
K_THREAD_DEFINE(logger, 1024, worker, UINT_TO_POINTER(8000), NULL, NULL, 14, 0, 0);

int main(void)
{
	for (;;) {
		(void)k_mutex_lock(&mutex, K_FOREVER);
		const k_spinlock_key_t key = k_spin_lock(&lock);

		k_spin_unlock(&lock, key);
		(void)k_mutex_unlock(&mutex);
		k_msleep(10);
	}
	return 0;
}
