/* SPDX-License-Identifier: Apache-2.0
 *
 * The check of the bundle before the first inference: the block itself, whether it is this image's,
 * the arena's memory, and the golden vectors, byte for byte.
 */
#include <mlforge/hops.h>
#include <string.h>
#include <zephyr/logging/log.h>

#include "boot_check.h"
#include "clock.h"
#include "state.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

/* An inference is late when it is so often late: what interrupts it once is not the model's. */
#define BOOT_CHECK_ATTEMPTS 3

/* The build's; none where a model is measured in the place of the bundle's. */
extern const uint8_t mlforge_bundle[] __attribute__((weak));
extern const uint32_t mlforge_bundle_bytes __attribute__((weak));

struct mlforge_bundle mlforge_bundle_contents;

static const struct mlforge_finding boot_check_sound = {MLFORGE_REASON_NONE, 0};

bool mlforge_bundle_present(void)
{
	return mlforge_bundle != NULL;
}

struct mlforge_failed mlforge_bundle_identity(void)
{
	const uint8_t *block = mlforge_bundle;

	return (struct mlforge_failed){
		.crc = mlforge_u32(&block[12]),
		.firmware = {block[16], block[17], mlforge_u16(&block[18]),
			     mlforge_u32(&block[20])},
	};
}

static struct mlforge_finding boot_check_block(void)
{
	struct mlforge_finding finding =
		mlforge_bundle_read(mlforge_bundle, mlforge_bundle_bytes, &mlforge_bundle_contents);

	if (finding.reason == MLFORGE_REASON_NONE) {
		finding = mlforge_bundle_belongs(&mlforge_bundle_contents, &mlforge_release.image);
	}
	return finding;
}

static bool boot_check_holds(volatile uint8_t *arena, uint32_t bytes, uint8_t pattern,
			     uint32_t *offset)
{
	for (uint32_t i = 0; i < bytes; i++) {
		arena[i] = (uint8_t)(pattern ^ i);
	}
	for (uint32_t i = 0; i < bytes; i++) {
		if (arena[i] != (uint8_t)(pattern ^ i)) {
			*offset = i;
			return false;
		}
	}
	return true;
}

/* TensorFlow Lite Micro has its own data in the arena already. */
static struct mlforge_finding boot_check_arena(const struct mlforge_instance *instance)
{
	const uint32_t bytes = instance->model->arena_bytes;
	uint32_t offset = 0;

	if ((uintptr_t)instance->arena % MLFORGE_ARENA_ALIGN != 0 ||
	    (!IS_ENABLED(CONFIG_MLFORGE_TFLM) &&
	     (!boot_check_holds(instance->arena, bytes, 0x55, &offset) ||
	      !boot_check_holds(instance->arena, bytes, 0xaa, &offset)))) {
		return (struct mlforge_finding){MLFORGE_REASON_ARENA, offset};
	}
	return boot_check_sound;
}

static uint32_t boot_check_time(const struct mlforge_instance *instance)
{
	k_sched_lock();
	const struct mlforge_moment started = mlforge_now();

	instance->model->invoke(instance->arena);
	const uint32_t took_us = mlforge_elapsed_us(started, mlforge_now());

	k_sched_unlock();
	return took_us;
}

/* One vector; the microseconds of an inference where the answer is right, else UINT32_MAX. A vector
 * is a whole window: a streamed model takes it hop by hop, of which the slowest counts. */
static uint32_t boot_check_infer(const struct mlforge_instance *instance,
				 const struct mlforge_self_test *test, uint32_t vector)
{
	const int8_t *input = mlforge_self_test_input(test, vector);
	const struct mlforge_model *model = instance->model;
	uint32_t took_us = 0;

	mlforge_model_reset(model, instance->arena);
	if (model->hop == NULL) {
		memcpy(mlforge_input(instance, 0), input, test->input_bytes);
		took_us = boot_check_time(instance);
	} else {
		for (uint16_t call = 0; call < model->hop->first; call++) {
			mlforge_hop_write(model, instance->arena, input, call);
			const uint32_t hop_us = boot_check_time(instance);

			took_us = MAX(took_us, hop_us);
		}
	}
	return memcmp(mlforge_output(instance, 0), mlforge_self_test_output(test, vector),
		      test->output_bytes) == 0
		       ? took_us
		       : UINT32_MAX;
}

static struct mlforge_finding boot_check_vector(const struct mlforge_instance *instance,
						const struct mlforge_self_test *test,
						uint32_t vector, uint32_t *worst_us)
{
	uint32_t least_us = UINT32_MAX;

	for (int attempt = 0; attempt < BOOT_CHECK_ATTEMPTS; attempt++) {
		const uint32_t took_us = boot_check_infer(instance, test, vector);

		if (took_us == UINT32_MAX) {
			return (struct mlforge_finding){MLFORGE_REASON_SELF_TEST, vector};
		}
		least_us = MIN(least_us, took_us);
		if (instance->deadline_us == 0 || took_us <= instance->deadline_us) {
			*worst_us = MAX(*worst_us, took_us);
			return boot_check_sound;
		}
	}
	LOG_ERR("an inference takes %u us, and the deadline is %u us; CONFIG_MLFORGE_DEADLINE_US "
		"or "
		"deadline-us in devicetree set another",
		least_us, instance->deadline_us);
	return (struct mlforge_finding){MLFORGE_REASON_DEADLINE, least_us};
}

static struct mlforge_finding boot_check_self_test(const struct mlforge_instance *instance,
						   uint32_t *worst_us)
{
	const struct mlforge_self_test *test = &mlforge_bundle_contents.self_test;
	struct mlforge_finding finding = boot_check_sound;

	for (uint32_t i = 0; i < test->vectors && finding.reason == MLFORGE_REASON_NONE; i++) {
		finding = boot_check_vector(instance, test, i, worst_us);
	}
	mlforge_model_reset(instance->model, instance->arena);
	if (test->vectors == 0) {
		LOG_WRN("the bundle has no self-test");
	}
	return finding;
}

struct mlforge_finding mlforge_boot_check(uint32_t *worst_us)
{
	const struct mlforge_instance *instance = mlforge_bundle_monitor.instance;
	struct mlforge_finding finding = boot_check_block();

	*worst_us = 0;
	if (finding.reason == MLFORGE_REASON_NONE) {
		finding = boot_check_arena(instance);
	}
	if (finding.reason == MLFORGE_REASON_NONE) {
		finding = boot_check_self_test(instance, worst_us);
	}
	if (finding.reason != MLFORGE_REASON_NONE) {
		mlforge_bundle_contents = (struct mlforge_bundle){0};
	}
	return finding;
}
