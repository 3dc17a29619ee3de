/* SPDX-License-Identifier: Apache-2.0 */
#include <zephyr/init.h>

#include "fake.h"

#define INPUTS 4

volatile uint32_t fake_busy_us;
void (*volatile fake_during)(void);

static uint8_t __aligned(MLFORGE_ARENA_ALIGN) arena[16];

static void invoke(uint8_t *memory)
{
	const int8_t *input = (const int8_t *)memory;
	const int8_t sum = (int8_t)(input[0] + input[1] + input[2] + input[3]);

	k_busy_wait(fake_busy_us);
	if (fake_during) {
		fake_during();
	}
	memory[8] = (uint8_t)sum;
	memory[9] = (uint8_t)-sum;
}

static const struct mlforge_tensor inputs[] = {
	{.name = "in",
	 .offset = 0,
	 .bytes = INPUTS,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 4}},
};
static const struct mlforge_tensor outputs[] = {
	{.name = "out",
	 .offset = 8,
	 .bytes = 2,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 2}},
};
static const struct mlforge_model model = {
	.name = "fake",
	.arena_bytes = sizeof(arena),
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = inputs,
	.outputs = outputs,
	.invoke = invoke,
};
static const struct mlforge_instance instance = {
	.model = &model, .arena = arena, .deadline_us = FAKE_DEADLINE_US};

MLFORGE_CHANNEL_DEFINE(fake_channel);
MLFORGE_SERVICE_DEFINE(fake_service, &instance, INPUTS, FAKE_QUEUE_LENGTH,
		       MLFORGE_CHANNEL(fake_channel));

static uint8_t __aligned(MLFORGE_ARENA_ALIGN) narrow_arena[16];
static const struct mlforge_tensor narrow_inputs[] = {
	{.name = "second",
	 .offset = 2,
	 .bytes = 2,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 2}},
	{.name = "first",
	 .offset = 0,
	 .bytes = 2,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 2}},
};
static const struct mlforge_tensor narrow_outputs[] = {
	{.name = "minus",
	 .offset = 9,
	 .bytes = 1,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 1}},
	{.name = "sum",
	 .offset = 8,
	 .bytes = 1,
	 .scale = 1.0F,
	 .type = MLFORGE_INT8,
	 .rank = 2,
	 .shape = {1, 1}},
};
static const struct mlforge_model narrow_model = {
	.name = "narrow",
	.arena_bytes = sizeof(narrow_arena),
	.inputs_count = 2,
	.outputs_count = 2,
	.inputs = narrow_inputs,
	.outputs = narrow_outputs,
	.invoke = invoke,
};
static const struct mlforge_instance narrow = {.model = &narrow_model, .arena = narrow_arena};

MLFORGE_CHANNEL_DEFINE(narrow_channel);
MLFORGE_SERVICE_DEFINE(narrow_service, &narrow, INPUTS, 1, MLFORGE_CHANNEL(narrow_channel));

int early_statuses[2];

static const int8_t early_input[INPUTS] = {1, 2, 3, 4};

static int submit_before_the_kernel(void)
{
	early_statuses[0] = mlforge_service_submit(&narrow_service, early_input, K_NO_WAIT);
	return 0;
}
SYS_INIT(submit_before_the_kernel, PRE_KERNEL_2, CONFIG_KERNEL_INIT_PRIORITY_DEFAULT);

static int submit_before_the_threads(void)
{
	early_statuses[1] = mlforge_service_submit(&narrow_service, early_input, K_NO_WAIT);
	return 0;
}
SYS_INIT(submit_before_the_threads, POST_KERNEL, CONFIG_KERNEL_INIT_PRIORITY_DEFAULT);
