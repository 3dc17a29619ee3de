/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <zephyr/irq_offload.h>
#include <zephyr/ztest.h>

#include "voice.h"

static int16_t samples[4];
static uint32_t released;

static void release(const void *given, void *user_data)
{
	zassert_equal_ptr(given, samples);
	zassert_equal_ptr(user_data, &released);
	released++;
}

static int submit(const void *at, uint32_t frames, enum mlforge_samples type)
{
	const struct mlforge_block block = MLFORGE_BLOCK_INIT(at, frames, type, release, &released);

	return mlforge_service_submit_block(&voice_service, &block, K_NO_WAIT);
}

ZTEST(stream_misuse, test_what_is_no_block)
{
	const uint8_t *odd = (const uint8_t *)samples + 1;

	released = 0;
	zassert_equal(mlforge_service_submit_block(&voice_service, NULL, K_NO_WAIT), -EINVAL);
	zassert_equal(submit(NULL, 4, MLFORGE_SAMPLES_INT16), -EINVAL);
	zassert_equal(submit(samples, 0, MLFORGE_SAMPLES_INT16), -EINVAL);
	zassert_equal(submit(odd, 1, MLFORGE_SAMPLES_INT16), -EINVAL);
	zassert_equal(submit(odd, 1, MLFORGE_SAMPLES_INT32), -EINVAL);
	k_msleep(10);
	zassert_equal(released, 0, "what was not taken is not given back");
}

static void in_interrupt(const void *unused)
{
	const struct mlforge_block block =
		MLFORGE_BLOCK_INIT(samples, 4, MLFORGE_SAMPLES_INT16, release, &released);

	ARG_UNUSED(unused);
	zassert_ok(mlforge_service_submit_block(&voice_service, &block, K_FOREVER));
}

ZTEST(stream_misuse, test_in_interrupts_and_without_waiting)
{
	released = 0;
	irq_offload(in_interrupt, NULL);
	k_msleep(10);
	zassert_equal(released, 1);
}

ZTEST_SUITE(stream_misuse, NULL, NULL, NULL, NULL, NULL);
