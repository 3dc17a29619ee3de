/* SPDX-License-Identifier: Apache-2.0
 *
 * A model in a thread in user mode: it infers where its memory domain has the models' partition,
 * and faults where it has not.
 */
#include <mlforge/userspace.h>
#include <string.h>
#include <zephyr/sys/libc-hooks.h>
#include <zephyr/ztest.h>
#include <zephyr/ztest_error_hook.h>

#include "motion_mlforge.h"

#define CHILD_STACK_BYTES 1024

/* Of every child: the test's own variables, and the C library's. */
#ifdef Z_LIBC_PARTITION_EXISTS
#define CHILD_PARTITIONS &ztest_mem_partition, &z_libc_partition
#else
#define CHILD_PARTITIONS &ztest_mem_partition
#endif

K_THREAD_STACK_DEFINE(child_stack, CHILD_STACK_BYTES);
static struct k_thread child;

/* What the child leaves behind. */
ZTEST_BMEM static struct {
	bool in_user_mode;
	uint32_t inferences;
	uint32_t taken;
	bool inferred;
} found;

static void child_push(void)
{
	const int32_t frame[MOTION_PIPELINE_FRAME_LENGTH] = {1 << 14, 1 << 15, 0, -(1 << 14)};

	mlforge_reset(&motion_instance);
	for (int i = 0; i < 4; i++) {
		found.inferences += mlforge_push(&motion_instance, frame);
	}
}

static void child_push_block(void)
{
	const int16_t frames[2][MOTION_PIPELINE_FRAME_LENGTH] = {{1, 2, 3, 4}, {5, 6, 7, 8}};

	mlforge_reset(&motion_instance);
	found.taken = mlforge_push_block(&motion_instance, frames, MLFORGE_SAMPLES_INT16, 2,
					 &found.inferred);
}

static void child_infers(void *unused1, void *unused2, void *unused3)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	found.in_user_mode = k_is_user_context();
	child_push();
	child_push_block();
}

static void child_faults(void *unused1, void *unused2, void *unused3)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	found.in_user_mode = k_is_user_context();
	ztest_set_fault_valid(true);
	child_push();
	found.inferences = UINT32_MAX; /* not reached */
}

static void run_in(struct k_mem_domain *domain, k_thread_entry_t entry)
{
	memset(&found, 0, sizeof(found));
	(void)k_thread_create(&child, child_stack, K_THREAD_STACK_SIZEOF(child_stack), entry, NULL,
			      NULL, NULL, K_PRIO_PREEMPT(1), K_USER, K_FOREVER);
	zassert_ok(k_mem_domain_add_thread(domain, &child));
	k_thread_start(&child);
	zassert_ok(k_thread_join(&child, K_SECONDS(1)));
	zassert_true(found.in_user_mode);
}

ZTEST(userspace, test_with_the_partition_a_user_thread_infers)
{
	static struct k_mem_domain domain;
	struct k_mem_partition *parts[] = {CHILD_PARTITIONS, &mlforge_partition};

	zassert_ok(k_mem_domain_init(&domain, ARRAY_SIZE(parts), parts));
	run_in(&domain, child_infers);
	zassert_equal(found.inferences, 3, "a window is two frames");
	zassert_equal(found.taken, 2);
	zassert_true(found.inferred);
}

ZTEST(userspace, test_without_the_partition_it_faults)
{
	static struct k_mem_domain domain;
	struct k_mem_partition *parts[] = {CHILD_PARTITIONS};

	zassert_ok(k_mem_domain_init(&domain, ARRAY_SIZE(parts), parts));
	run_in(&domain, child_faults);
	zassert_equal(found.inferences, 0);
}

ZTEST_SUITE(userspace, NULL, NULL, NULL, NULL, NULL);
