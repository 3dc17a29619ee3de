/* SPDX-License-Identifier: Apache-2.0
 *
 * Every operator against golden vectors, byte for byte, with the kernels of this processor.
 */
#include <string.h>
#include <zephyr/ztest.h>

#include "kernels_mlforge.h"

static const struct {
	uint8_t input[KERNELS_INPUT_BYTES];
	uint8_t output[KERNELS_OUTPUT_BYTES];
} vectors[] = {
#include "vectors.inc"
};

static uint32_t first_difference(const uint8_t *found, const uint8_t *expected, uint32_t bytes)
{
	uint32_t i = 0;

	while (i < bytes && found[i] == expected[i]) {
		i++;
	}
	return i;
}

/* Returns how many outputs depart, having said which. */
static int run(size_t vector)
{
	const struct mlforge_model *model = kernels_instance.model;
	const uint8_t *input = vectors[vector].input;
	const uint8_t *output = vectors[vector].output;
	int departed = 0;

	for (uint8_t i = 0; i < model->inputs_count; i++) {
		memcpy(mlforge_input(&kernels_instance, i), input, model->inputs[i].bytes);
		input += model->inputs[i].bytes;
	}
	mlforge_infer(&kernels_instance);
	for (uint8_t i = 0; i < model->outputs_count; i++) {
		const uint32_t bytes = model->outputs[i].bytes;
		const uint32_t at = first_difference(
			(const uint8_t *)mlforge_output(&kernels_instance, i), output, bytes);

		if (at < bytes) {
			TC_PRINT("vector %u: %s differs at byte %u of %u\n", (uint32_t)vector,
				 model->outputs[i].name, at, bytes);
			departed++;
		}
		output += bytes;
	}
	return departed;
}

/* In one go: some operators remember what came before. */
ZTEST(kernels, test_every_operator_computes_the_golden_outputs)
{
	int departed = 0;

	mlforge_reset(&kernels_instance);
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		departed += run(i);
	}
	TC_PRINT("%u outputs, kernels for %s\n", kernels_instance.model->outputs_count,
		 CONFIG_MLFORGE_ISA);
	zassert_equal(departed, 0, "%d outputs depart", departed);
}

ZTEST_SUITE(kernels, NULL, NULL, NULL, NULL, NULL);
