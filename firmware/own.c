/* SPDX-License-Identifier: Apache-2.0
 *
 * Our own commands: what is attached, runs over many vectors, features from raw frames. Vectors and
 * frames are already in the buffer, by `db load` or because the emulator put them there. Each
 * answer ends with a check over the command as it arrived and the answer: a serial line may change
 * one digit into another.
 */
#include "app.h"
#include "device.h"
#include "measure.h"
#include "port.h"
#include "text.h"

static void merge(struct mlforge_measured *worst, struct mlforge_measured one)
{
	worst->ticks = one.ticks > worst->ticks ? one.ticks : worst->ticks;
	worst->stack_bytes =
		one.stack_bytes > worst->stack_bytes ? one.stack_bytes : worst->stack_bytes;
}

static void put_measured(struct mlforge_measured worst)
{
	if (worst.stack_bytes == MLFORGE_STACK_OVERFLOW) {
		mlforge_put("e-[The stack overflowed]\r\n");
		return;
	}
	mlforge_put_pair("ticks", worst.ticks);
	mlforge_put_pair("stack", worst.stack_bytes);
}

static void info(void)
{
	const struct mlforge_app_pipeline *features = mlforge_app.pipeline;

	mlforge_put_pair("arena-bytes",
			 mlforge_app.model == NULL ? 0U : mlforge_app.model->arena_bytes);
	mlforge_put_pair("input-bytes", mlforge_input_bytes());
	mlforge_put_pair("output-bytes", mlforge_output_bytes());
	mlforge_put_pair("buffer-bytes", mlforge_buffer_bytes());
	mlforge_put_pair("line-bytes", MLFORGE_LINE_BYTES);
	mlforge_put_pair("clock-hz", mlforge_port_clock_hz());
	mlforge_put_pair("frame-length",
			 features == NULL ? 0U : features->frame_length(features->pipeline));
	mlforge_put_pair("feature-bytes",
			 features == NULL ? 0U : features->output_bytes(features->pipeline));
	mlforge_put("m-program-[");
	mlforge_put(mlforge_app.id);
	mlforge_put("]\r\n");
}

static void put_check(const char *key, uint32_t value)
{
	const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16),
				  (uint8_t)(value >> 8), (uint8_t)value};

	mlforge_put("m-");
	mlforge_put(key);
	mlforge_put("-[");
	mlforge_put_hex(bytes, sizeof(bytes));
	mlforge_put("]\r\n");
}

/* The check over what is in the buffer; `db` has none. */
static void sum(uint32_t count)
{
	uint32_t state = UINT32_MAX;

	if (count > mlforge_buffer_bytes()) {
		mlforge_put("e-[More bytes than the buffer holds]\r\n");
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		state = mlforge_crc(state, *mlforge_buffer_at(i));
	}
	put_check("sum", ~state);
}

static void put_outputs(void)
{
	const struct mlforge_model *model = mlforge_app.model;

	mlforge_put("m-out-[");
	for (uint8_t i = 0; i < model->outputs_count; i++) {
		mlforge_put_hex(mlforge_app.arena + model->outputs[i].offset,
				model->outputs[i].bytes);
	}
	mlforge_put("]\r\n");
}

/* Goes on from the state that earlier inferences left; `mlforge-reset` forgets it. */
static void batch(uint32_t count)
{
	struct mlforge_measured worst = {0};

	if (mlforge_app.model == NULL) {
		mlforge_put("e-[No model]\r\n");
		return;
	}
	if (count > mlforge_buffer_bytes() / mlforge_input_bytes()) {
		mlforge_put("e-[More vectors than the buffer holds]\r\n");
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		mlforge_load_vector(i);
		merge(&worst, mlforge_measure_inference());
		put_outputs();
	}
	put_measured(worst);
}

/* In place, to the type that a pipeline of int16 takes: it is measured with what a driver gives it.
 */
static void narrow(int32_t *values, uint32_t count)
{
	int16_t *narrowed = (int16_t *)(void *)values;

	for (uint32_t i = 0; i < count; i++) {
		const int32_t value = values[i];

		narrowed[i] = value < INT16_MIN   ? INT16_MIN
			      : value > INT16_MAX ? INT16_MAX
						  : (int16_t)value;
	}
}

/* Goes on from the frames of earlier calls; `mlforge-reset` forgets them. */
static void extract(uint32_t count, uint32_t offset)
{
	const struct mlforge_app_pipeline *features = mlforge_app.pipeline;
	int32_t *const values = (int32_t *)(void *)(mlforge_spare_start + offset);
	struct mlforge_frames frames = {mlforge_spare_start + offset, count};
	const uint32_t spare = (uint32_t)(mlforge_spare_end - mlforge_spare_start);
	struct mlforge_measured worst = {0};
	struct mlforge_measured one;

	if (features == NULL) {
		mlforge_put("e-[No features]\r\n");
		return;
	}
	const uint32_t length = features->frame_length(features->pipeline);

	if (offset % 4U != 0U || offset > spare || count > (spare - offset) / (4U * length)) {
		mlforge_put("e-[More frames than the buffer holds]\r\n");
		return;
	}
	int8_t *const input = (int8_t *)mlforge_app.arena + mlforge_app.model->inputs[0].offset;

	if (features->push_block != NULL) {
		narrow(values, count * length);
	}
	while (mlforge_measure_features(&frames, input, &one)) {
		merge(&worst, one);
		mlforge_put("m-features-[");
		mlforge_put_hex((const uint8_t *)input, features->output_bytes(features->pipeline));
		mlforge_put("]\r\n");
	}
	put_measured(worst);
}

static void reset(void)
{
	const struct mlforge_app_pipeline *features = mlforge_app.pipeline;

	if (features != NULL) {
		features->reset(features->pipeline);
	}
	if (mlforge_app.model != NULL) {
		mlforge_model_reset(mlforge_app.model, mlforge_app.arena);
	}
}

/* Reads the next word as a number. Returns false where it is none; a missing word leaves `value` as
 * it is. */
static bool read_optional(char **arguments, uint32_t *value)
{
	const char *word = mlforge_next_word(arguments);

	return word == NULL || mlforge_read_unsigned(word, value);
}

static bool run(const char *name, char *arguments)
{
	uint32_t count = 1;
	uint32_t offset = 0;

	if (!read_optional(&arguments, &count) || !read_optional(&arguments, &offset)) {
		mlforge_put("e-[Not a number]\r\n");
	} else if (mlforge_same(name, "mlforge-info")) {
		info();
	} else if (mlforge_same(name, "mlforge-batch")) {
		batch(count);
	} else if (mlforge_same(name, "mlforge-reset")) {
		reset();
	} else if (mlforge_same(name, "mlforge-extract")) {
		extract(count, offset);
	} else if (mlforge_same(name, "mlforge-sum")) {
		sum(count);
	} else if (mlforge_same(name, "mlforge-bursts")) {
		uint32_t pause_ms = 100;

		if (!read_optional(&arguments, &pause_ms)) {
			mlforge_put("e-[Not a number]\r\n");
		} else {
			mlforge_bursts(count, offset, pause_ms);
		}
	} else {
		return false;
	}
	return true;
}

bool mlforge_own_command(const char *name, char *arguments)
{
	mlforge_check_start();
	mlforge_check_add(name);
	if (arguments[0] != '\0') {
		mlforge_check_add(" ");
		mlforge_check_add(arguments);
	}
	if (!run(name, arguments)) {
		return false;
	}
	put_check("check", mlforge_check_value());
	return true;
}
