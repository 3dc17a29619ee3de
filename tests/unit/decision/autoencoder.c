/* SPDX-License-Identifier: Apache-2.0
 *
 * An autoencoder by hand, whose reconstruction is half of its input, rounded down, and whose arena
 * has no room for both.
 */
#include <mlforge/instance.h>

#include "halves_decision.h"

#define BYTES 16

static uint8_t halves_arena[BYTES];

static void halves_invoke(uint8_t *arena)
{
	int8_t *values = (int8_t *)arena;

	for (int i = 0; i < BYTES; i++) {
		values[i] = (int8_t)((values[i] - (values[i] < 0 && values[i] % 2 != 0)) / 2);
	}
}

static const struct mlforge_tensor halves_tensor = {.bytes = BYTES, .scale = 1.0F / 32.0F};
static const struct mlforge_model halves_model = {
	.name = "halves",
	.arena_bytes = BYTES,
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = &halves_tensor,
	.outputs = &halves_tensor,
	.invoke = halves_invoke,
};
static const struct mlforge_instance halves_instance = {
	.model = &halves_model,
	.arena = halves_arena,
	.decision = &halves_decision,
};

int32_t halves_event(const int8_t *given);

int32_t halves_event(const int8_t *given)
{
	memcpy(mlforge_input(&halves_instance, 0), given, BYTES);
	return mlforge_infer(&halves_instance) ? mlforge_event(&halves_instance) : -2;
}
