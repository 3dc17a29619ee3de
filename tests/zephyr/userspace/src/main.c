/* SPDX-License-Identifier: Apache-2.0
 *
 * A model in a thread in user mode, where arena and features are the partition's; and that nobody
 * but who has the partition may touch them.
 */
#include <mlforge/userspace.h>
#include <string.h>
#include <zephyr/ztest.h>
#include <zephyr/ztest_error_hook.h>

#include "motion_mlforge.h"

K_THREAD_STACK_DEFINE(child_stack, 1024);
static struct k_thread child;
ZTEST_BMEM static volatile bool reached;

static void *setup(void)
{
	zassert_ok(k_mem_domain_add_partition(&k_mem_domain_default, &mlforge_partition));
	return NULL;
}

static uint32_t push(int frames)
{
	const int32_t frame[MOTION_PIPELINE_FRAME_LENGTH] = {1 << 14, 1 << 15, 0, -(1 << 14)};
	uint32_t inferences = 0;

	mlforge_reset(&motion_instance);
	for (int i = 0; i < frames; i++) {
		inferences += mlforge_push(&motion_instance, frame);
	}
	return inferences;
}

ZTEST_USER(userspace, test_a_user_thread_infers)
{
	int8_t first[MOTION_OUTPUT_BYTES];

	zassert_true(k_is_user_context());
	zassert_equal(push(4), 3, "a window is two frames");
	memcpy(first, mlforge_output(&motion_instance, 0), sizeof(first));
	zassert_equal(push(2), 1);
	zassert_mem_equal(mlforge_output(&motion_instance, 0), first, sizeof(first));
}

ZTEST_USER(userspace, test_a_user_thread_pushes_blocks)
{
	const int16_t frames[2][MOTION_PIPELINE_FRAME_LENGTH] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
	bool inferred;

	mlforge_reset(&motion_instance);
	zassert_equal(
		mlforge_push_block(&motion_instance, frames, MLFORGE_SAMPLES_INT16, 2, &inferred),
		2);
	zassert_true(inferred);
}

static void intrude(void *unused1, void *unused2, void *unused3)
{
	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	reached = true;
	ztest_set_fault_valid(true);
	(void)push(1);
	zassert_unreachable("it wrote into a partition that its domain does not have");
}

ZTEST(userspace, test_without_the_partition_it_faults)
{
	static struct k_mem_domain domain;
	struct k_mem_partition *parts[] = {&ztest_mem_partition};

	zassert_ok(k_mem_domain_init(&domain, ARRAY_SIZE(parts), parts));
	(void)k_thread_create(&child, child_stack, K_THREAD_STACK_SIZEOF(child_stack), intrude,
			      NULL, NULL, NULL, K_PRIO_PREEMPT(1), K_USER, K_FOREVER);
	zassert_ok(k_mem_domain_add_thread(&domain, &child));
	k_thread_start(&child);
	zassert_ok(k_thread_join(&child, K_SECONDS(1)));
	zassert_true(reached);
}

ZTEST_SUITE(userspace, NULL, setup, NULL, NULL, NULL);
