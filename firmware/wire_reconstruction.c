/* SPDX-License-Identifier: Apache-2.0
 * See wire.h. The only file of the firmware that calculates with floats; images without it link
 * none of that. */
#include <string.h>

#include "app.h"
#include "device.h"
#include "text.h"
#include "wire.h"

#define WIDTH   4U
#define LARGEST 4000000.0F /* that can be printed */
#define FAR     1000.0F    /* steps: beyond int8, and well within int32 */

static float sent(uint32_t index)
{
	uint8_t bytes[WIDTH];
	float value;

	for (uint32_t i = 0; i < WIDTH; i++) {
		bytes[i] = *mlforge_buffer_at(index * WIDTH + i);
	}
	memcpy(&value, bytes, sizeof(value)); /* all our cores are little-endian */
	return value;
}

/* Halves away from zero, like C's round(). */
static int32_t rounded(float value)
{
	const int32_t whole = (int32_t)value;
	const float rest = value - (float)whole;

	return whole + (rest >= 0.5F ? 1 : 0) - (rest <= -0.5F ? 1 : 0);
}

static int8_t quantised(float value, const struct mlforge_tensor *tensor)
{
	const float steps = value / tensor->scale;
	int32_t result;

	if (steps >= FAR) {
		return INT8_MAX;
	}
	if (!(steps > -FAR)) { /* also what is no number */
		return INT8_MIN;
	}
	result = rounded(steps) + tensor->zero_point;
	return (int8_t)(result < INT8_MIN ? INT8_MIN : result > INT8_MAX ? INT8_MAX : result);
}

static bool is_possible(void)
{
	const struct mlforge_tensor *const input = mlforge_app.model->inputs;
	const struct mlforge_tensor *const output = mlforge_app.model->outputs;

	return input->type == MLFORGE_INT8 && output->type == MLFORGE_INT8 &&
	       input->bytes == output->bytes && mlforge_app.model->inputs_count == 1U &&
	       mlforge_buffer_bytes() / (WIDTH + 1U) >= input->bytes;
}

static bool load(void)
{
	const struct mlforge_tensor *const input = mlforge_app.model->inputs;

	if (!is_possible()) {
		return false;
	}
	for (uint32_t i = 0; i < input->bytes; i++) {
		*mlforge_buffer_at(WIDTH * input->bytes + i) = (uint8_t)quantised(sent(i), input);
	}
	return true;
}

static void results(void)
{
	const struct mlforge_tensor *const output = mlforge_app.model->outputs;
	const int8_t *const values = (const int8_t *)mlforge_app.arena + output->offset;
	float sum = 0.0F;

	if (!is_possible()) {
		return;
	}
	for (uint32_t i = 0; i < output->bytes; i++) {
		const float distance =
			(float)((int32_t)values[i] - output->zero_point) * output->scale - sent(i);

		sum += distance * distance;
	}
	sum /= (float)output->bytes;
	mlforge_put_scaled(sum < LARGEST ? sum : LARGEST, 1); /* also where it is no number */
}

const struct mlforge_wire mlforge_wire_reconstruction = {
	.width = WIDTH,
	.load = load,
	.results = results,
};
