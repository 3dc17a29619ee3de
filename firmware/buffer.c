/* SPDX-License-Identifier: Apache-2.0
 *
 * Where input vectors wait. The firmware reserves no memory for them, or its size would depend on
 * the model's: they lie in memory that the linker found unused, and where that cannot hold a single
 * vector, in the arena.
 */
#include <string.h>

#include "app.h"
#include "device.h"
#include "port.h"

static uint32_t total_bytes(const struct mlforge_tensor *tensors, uint8_t count)
{
	uint32_t bytes = 0;

	for (uint8_t i = 0; i < count; i++) {
		bytes += tensors[i].bytes;
	}
	return bytes;
}

uint32_t mlforge_input_bytes(void)
{
	const struct mlforge_model *model = mlforge_app.model;

	return model == NULL ? 0U : total_bytes(model->inputs, model->inputs_count);
}

uint32_t mlforge_output_bytes(void)
{
	const struct mlforge_model *model = mlforge_app.model;

	return model == NULL ? 0U : total_bytes(model->outputs, model->outputs_count);
}

static uint32_t spare_bytes(void)
{
	return (uint32_t)(mlforge_spare_end - mlforge_spare_start);
}

static bool in_arena(void)
{
	return spare_bytes() < mlforge_input_bytes();
}

uint32_t mlforge_buffer_bytes(void)
{
	return in_arena() ? mlforge_input_bytes() : spare_bytes();
}

uint8_t *mlforge_buffer_at(uint32_t offset)
{
	const struct mlforge_tensor *input;

	if (!in_arena()) {
		return mlforge_spare_start + offset;
	}
	for (input = mlforge_app.model->inputs; offset >= input->bytes; input++) {
		offset -= input->bytes;
	}
	return mlforge_app.arena + input->offset + offset;
}

void mlforge_load_vector(uint32_t index)
{
	const struct mlforge_model *model = mlforge_app.model;
	const uint8_t *from = mlforge_spare_start + index * mlforge_input_bytes();

	if (in_arena()) {
		return;
	}
	for (uint8_t i = 0; i < model->inputs_count; i++) {
		memcpy(mlforge_app.arena + model->inputs[i].offset, from, model->inputs[i].bytes);
		from += model->inputs[i].bytes;
	}
}
