/* SPDX-License-Identifier: Apache-2.0
 *
 * An inference as a whole and one operator at a time: prints how many calls it took.
 */
#include <stdio.h>
#include <string.h>

#include "mlforge/steps.h"
#include "net_model.h"

static _Alignas(MLFORGE_ARENA_ALIGN) uint8_t whole[NET_ARENA_BYTES], pieces[NET_ARENA_BYTES];
static const struct mlforge_instance one = MLFORGE_INSTANCE_INIT(&net_model, whole);
static const struct mlforge_instance other = MLFORGE_INSTANCE_INIT(&net_model, pieces);

static void write_inputs(const struct mlforge_instance *instance, uint32_t seed)
{
	for (uint32_t i = 0; i < NET_INPUT_BYTES; i++) {
		seed = seed * 1664525U + 1013904223U;
		mlforge_input(instance, 0)[i] = (int8_t)(seed >> 24);
	}
}

int main(void)
{
	uint16_t next = 0;
	bool result = false;

	for (uint32_t seed = 0; seed < 3; seed++) {
		uint32_t calls = 1;

		write_inputs(&one, seed);
		write_inputs(&other, seed);
		if (!mlforge_infer(&one)) {
			return 1;
		}
		while (!mlforge_invoke_step(&other, &net_steps, &next, &result)) {
			calls++;
		}
		if (!result || next != 0 ||
		    memcmp(mlforge_output(&one, 0), mlforge_output(&other, 0), NET_OUTPUT_BYTES) !=
			    0) {
			return 2;
		}
		printf("%u\n", (unsigned)calls);
	}
	return 0;
}
