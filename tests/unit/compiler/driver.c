/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs one compiled model on the host: inputs of each vector from standard input, outputs to standard output.
 * -DMODEL=<name>_model -DMODEL_HEADER=\"<name>_model.h\"
 */
#include <stdio.h>
#include <stdlib.h>

#include MODEL_HEADER

int main(void)
{
	const struct mlforge_model *model = &MODEL;
	const size_t padded = (model->arena_bytes + MLFORGE_ARENA_ALIGN - 1) / MLFORGE_ARENA_ALIGN * MLFORGE_ARENA_ALIGN;
	uint8_t *arena = aligned_alloc(MLFORGE_ARENA_ALIGN, padded);

	if (!arena) {
		return 1;
	}
	for (;;) {
		for (size_t i = 0; i < model->arena_bytes; i++) {
			arena[i] = 0xa5; /* nothing may rely on what was there */
		}
		for (int i = 0; i < model->inputs_count; i++) {
			if (fread(arena + model->inputs[i].offset, 1, model->inputs[i].bytes, stdin) !=
			    model->inputs[i].bytes) {
				free(arena);
				return 0;
			}
		}
		model->invoke(arena);
		for (int i = 0; i < model->outputs_count; i++) {
			fwrite(arena + model->outputs[i].offset, 1, model->outputs[i].bytes, stdout);
		}
	}
}
