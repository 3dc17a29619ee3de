/* SPDX-License-Identifier: Apache-2.0
 *
 * What a sample costs from the driver's buffer to the ring: bytes, and, where QEMU counts
 * instructions, those of queueing it, of waking the thread of the streams, and of the features.
 */
#include <zephyr/ztest.h>

#include "framed.h"
#include "microphone.h"
#include "voice.h"

#define COST_ROUNDS      5   /* too few for a window */
#define COST_MOST_BYTES  220 /* hundredths: two bytes are the sample itself */
#define COST_MOST_FRAMED 150 /* tenths of an instruction: frames are copied where they are */
#define COST_MOST_WINDOW 350 /* likewise: a plain window quantises each sample on its way */

static int16_t cost_samples[MICROPHONE_BLOCK_SAMPLES] __aligned(4);

ZTEST(cost, test_bytes_a_sample)
{
	const uint32_t bytes = sizeof(cost_samples) + sizeof(struct mlforge_queued_block);

	if (sizeof(void *) == 4) {
		zassert_true(bytes * 100 <= COST_MOST_BYTES * MICROPHONE_BLOCK_SAMPLES, "%u bytes",
			     bytes);
	}
}

#ifdef CONFIG_QEMU_ICOUNT
void cost_begins(void);
void cost_ends(void);

static atomic_t cost_left;
static K_SEM_DEFINE(cost_released, 0, 1);

static void cost_release(const void *samples, void *user_data)
{
	ARG_UNUSED(samples);
	ARG_UNUSED(user_data);
	if (atomic_dec(&cost_left) == 1) {
		k_sem_give(&cost_released);
	}
}

/* Where the counting plugin of QEMU begins and ends, too: tests/zephyr/counted.py. */
__noinline void cost_begins(void)
{
	compiler_barrier();
}

__noinline void cost_ends(void)
{
	compiler_barrier();
}

/* As many blocks as the queue takes, from the first one's submission to the last one's release. */
static uint32_t cost_cycles(const struct mlforge_service *service)
{
	const struct mlforge_block block = MLFORGE_BLOCK_INIT(
		cost_samples, MICROPHONE_BLOCK_SAMPLES, MLFORGE_SAMPLES_INT16, cost_release, NULL);
	const uint32_t before = k_cycle_get_32();

	cost_begins();
	(void)atomic_set(&cost_left, MLFORGE_STREAM_BLOCKS);
	for (uint32_t i = 0; i < MLFORGE_STREAM_BLOCKS; i++) {
		zassert_ok(mlforge_service_submit_block(service, &block, K_NO_WAIT));
	}
	zassert_ok(k_sem_take(&cost_released, K_FOREVER));
	cost_ends();
	return k_cycle_get_32() - before;
}

static uint32_t cost_tenths(const struct mlforge_service *service)
{
	const uint32_t samples = COST_ROUNDS * MLFORGE_STREAM_BLOCKS * MICROPHONE_BLOCK_SAMPLES;
	uint32_t cycles = 0;

	mlforge_service_restart(service);
	for (int i = 0; i < COST_ROUNDS; i++) {
		cycles += cost_cycles(service);
	}
	const uint64_t instructions = k_cyc_to_ns_floor64(cycles) >> CONFIG_QEMU_ICOUNT_SHIFT;
	const uint32_t tenths = (uint32_t)(instructions * 10 / samples);

	mlforge_service_restart(service);
	TC_PRINT("%s: %u.%u instructions a sample\n", service->name, tenths / 10, tenths % 10);
	return tenths;
}
#endif

ZTEST(cost, test_instructions_a_sample)
{
#ifdef CONFIG_QEMU_ICOUNT
	zassert_true(cost_tenths(&framed_service) <= COST_MOST_FRAMED);
	zassert_true(cost_tenths(&voice_service) <= COST_MOST_WINDOW);
#else
	ztest_test_skip();
#endif
}

ZTEST_SUITE(cost, NULL, NULL, NULL, NULL, NULL);
