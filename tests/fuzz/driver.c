/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs compiled models one after another, each in an arena of exactly the size that it asks for,
 * which the sanitiser guards at both ends. The first argument is the index of the first model; the
 * name of each goes to standard output before it runs. The build puts a models.h beside this file:
 * the C of each model, and MODELS, their descriptors.
 */
#define _POSIX_C_SOURCE 200112L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models.h"

static uint32_t state = 1;

static uint8_t any(void)
{
	state = state * 1664525U + 1013904223U;
	return (uint8_t)(state >> 24);
}

static void fill(uint8_t *bytes, size_t count, int way)
{
	for (size_t i = 0; i < count; i++) {
		bytes[i] = way == 0 ? any() : (uint8_t)(way == 1 ? 0x80 : 0x7f);
	}
}

static int run(const struct mlforge_model *model)
{
	for (int way = 0; way < 3; way++) {
		void *arena = NULL;
		uint32_t sum = 0;

		if (posix_memalign(&arena, MLFORGE_ARENA_ALIGN, model->arena_bytes) != 0) {
			return 1;
		}
		fill(arena, model->arena_bytes, way);
		mlforge_model_reset(model, arena);
		state = 1; /* the same inputs, wherever they lie */
		for (int i = 0; i < model->inputs_count; i++) {
			fill((uint8_t *)arena + model->inputs[i].offset, model->inputs[i].bytes,
			     way);
		}
		model->invoke(arena);
		for (int i = 0; i < model->outputs_count; i++) {
			const uint8_t *output = (const uint8_t *)arena + model->outputs[i].offset;

			for (uint32_t k = 0; k < model->outputs[i].bytes; k++) {
				sum = sum * 31U + output[k];
			}
		}
		printf(" %08x", (unsigned)sum);
		free(arena);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct mlforge_model *const models[] = {MODELS};

	for (size_t i = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
	     i < sizeof(models) / sizeof(models[0]); i++) {
		printf("%s", models[i]->name);
		fflush(stdout);
		if (run(models[i])) {
			return 1;
		}
		printf("\n");
	}
	return 0;
}
