/* SPDX-License-Identifier: Apache-2.0 */
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
	{.name = "in", .offset = 0, .bytes = INPUTS, .scale = 1.0F, .type = MLFORGE_INT8, .rank = 2, .shape = {1, 4}},
};
static const struct mlforge_tensor outputs[] = {
	{.name = "out", .offset = 8, .bytes = 2, .scale = 1.0F, .type = MLFORGE_INT8, .rank = 2, .shape = {1, 2}},
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
static const struct mlforge_instance instance = {.model = &model, .arena = arena, .deadline_us = FAKE_DEADLINE_US};

MLFORGE_CHANNEL_DEFINE(fake_channel);
MLFORGE_SERVICE_DEFINE(fake_service, &instance, INPUTS, FAKE_QUEUE_LENGTH, MLFORGE_CHANNEL(fake_channel));
