/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs many compiled models in one program. The build puts a models.h beside it, which includes the
 * C of each model and defines MODELS as the list of their descriptors. For each model in turn,
 * VECTORS inputs are read from standard input, and as many outputs written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "models.h"

static int run(const struct mlforge_model *model)
{
	const size_t align = MLFORGE_ARENA_ALIGN;
	const size_t padded = (model->arena_bytes + align - 1) / align * align;
	uint8_t *arena = aligned_alloc(align, padded + align);

	if (!arena) {
		return 1;
	}
	mlforge_model_reset(model, arena);
	for (int v = 0; v < VECTORS; v++) {
		memset(arena + model->state_bytes, 0xa5, padded + align - model->state_bytes);
		for (int i = 0; i < model->inputs_count; i++) {
			const struct mlforge_tensor *tensor = &model->inputs[i];

			if (fread(arena + tensor->offset, 1, tensor->bytes, stdin) !=
			    tensor->bytes) {
				return 1;
			}
		}
		model->invoke(arena);
		for (size_t i = model->arena_bytes; i < padded + align; i++) {
			if (arena[i] != 0xa5) {
				fprintf(stderr, "%s wrote behind its arena\n", model->name);
				return 1;
			}
		}
		for (int i = 0; i < model->outputs_count; i++) {
			const struct mlforge_tensor *tensor = &model->outputs[i];

			fwrite(arena + tensor->offset, 1, tensor->bytes, stdout);
		}
	}
	free(arena);
	return 0;
}

int main(void)
{
	static const struct mlforge_model *const models[] = {MODELS};

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
		if (run(models[i])) {
			fprintf(stderr, "model %zu (%s) failed\n", i, models[i]->name);
			return 1;
		}
	}
	return 0;
}
