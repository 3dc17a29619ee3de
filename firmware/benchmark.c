/* SPDX-License-Identifier: Apache-2.0
 *
 * The device side of the MLPerf Tiny benchmark's protocol (github.com/mlcommons/tiny,
 * benchmark/api), so that its runner drives this firmware unchanged. Knows nothing of our own
 * commands.
 */
#include "app.h"
#include "device.h"
#include "port.h"
#include "text.h"

static uint32_t expected_bytes;
static uint32_t loaded_bytes;

static void timestamp(void)
{
	mlforge_put("m-lap-us-");
	mlforge_put_unsigned(mlforge_port_micros());
	mlforge_put("\r\n");
}

/* What is sent for one inference, in bytes. */
static uint32_t wire_bytes(void)
{
	return mlforge_input_bytes() * (mlforge_app.wire == NULL ? 1U : mlforge_app.wire->width);
}

static uint8_t wire_offset(void)
{
	return mlforge_app.wire == NULL ? 0U : mlforge_app.wire->offset;
}

static void put_outputs(void)
{
	const struct mlforge_model *model = mlforge_app.model;
	const char *separator = "";

	for (uint8_t i = 0; model != NULL && i < model->outputs_count; i++) {
		const struct mlforge_tensor *output = &model->outputs[i];
		const int8_t *values = (const int8_t *)mlforge_app.arena + output->offset;

		for (uint32_t k = 0; output->type == MLFORGE_INT8 && k < output->bytes; k++) {
			mlforge_put(separator);
			mlforge_put_scaled(output->scale, (int32_t)values[k] - output->zero_point);
			separator = ",";
		}
	}
}

static void results(void)
{
	mlforge_put("m-results-[");
	if (mlforge_app.wire != NULL && mlforge_app.wire->results != NULL) {
		mlforge_app.wire->results();
	} else {
		put_outputs();
	}
	mlforge_put("]\r\n");
}

/* Neither stack nor time are looked at here: between two timestamps of the benchmark lie inferences
 * alone. */
static void run(uint32_t count)
{
	const uint32_t vector = mlforge_app.wire != NULL && mlforge_app.wire->load != NULL
					? mlforge_app.wire->width
					: 0U;

	for (; count > 0U; count--) {
		mlforge_load_vector(
			vector); /* an inference does not leave its inputs as they were */
		mlforge_app.model->invoke(mlforge_app.arena);
	}
}

static void infer(char *arguments)
{
	const char *count_word = mlforge_next_word(&arguments);
	const char *warmups_word = mlforge_next_word(&arguments);
	uint32_t count = 1;
	uint32_t warmups = 10;

	if (count_word != NULL && (!mlforge_read_unsigned(count_word, &count) || count == 0U)) {
		mlforge_put("e-[Inference iterations must be >0]\r\n");
		return;
	}
	if (warmups_word != NULL && !mlforge_read_unsigned(warmups_word, &warmups)) {
		mlforge_put("e-[Inference warmup must be >=0]\r\n");
		return;
	}
	if (mlforge_app.model == NULL || loaded_bytes < wire_bytes()) {
		mlforge_put("e-[No model, or its input was not loaded]\r\n");
		return;
	}
	if (mlforge_app.wire != NULL && mlforge_app.wire->load != NULL &&
	    !mlforge_app.wire->load()) {
		mlforge_put("e-[The input cannot be converted here]\r\n");
		return;
	}
	mlforge_model_reset(mlforge_app.model,
			    mlforge_app.arena); /* the same results for the same command */
	mlforge_put("m-warmup-start-");
	mlforge_put_unsigned(warmups);
	mlforge_put("\r\n");
	run(warmups);
	mlforge_put("m-warmup-done\r\nm-infer-start-");
	mlforge_put_unsigned(count);
	mlforge_put("\r\n");
	timestamp();
	run(count);
	timestamp();
	mlforge_put("m-infer-done\r\n");
	results();
}

static void expect_bytes(const char *word)
{
	uint32_t bytes = 0;

	if (word == NULL) {
		mlforge_put("e-[Command 'db load' requires the # of bytes]\r\n");
	} else if (!mlforge_read_unsigned(word, &bytes) || bytes == 0U) {
		mlforge_put("e-[Command 'db load' must be >0 bytes]\r\n");
	} else if (bytes > mlforge_buffer_bytes()) {
		mlforge_put("e-[Supplied buffer size ");
		mlforge_put_unsigned(bytes);
		mlforge_put(" exceeds maximum of ");
		mlforge_put_unsigned(mlforge_buffer_bytes());
		mlforge_put("]\r\n");
	} else {
		expected_bytes = bytes;
		loaded_bytes = 0;
		mlforge_put("m-[Expecting ");
		mlforge_put_unsigned(bytes);
		mlforge_put(" bytes]\r\n");
	}
}

static void load_bytes(const char *word)
{
	for (; word[0] != '\0' && loaded_bytes < expected_bytes; word += 2) {
		const int value = mlforge_read_hex(word);

		if (word[1] == '\0') {
			mlforge_put("e-[Insufficent number of hex digits]\r\n");
			return;
		}
		if (value < 0) {
			const char pair[3] = {word[0], word[1], '\0'};

			mlforge_put("e-[Invalid hex digit '");
			mlforge_put(pair);
			mlforge_put("']\r\n");
			return;
		}
		*mlforge_buffer_at(loaded_bytes++) = (uint8_t)((uint32_t)value + wire_offset());
		if (loaded_bytes == expected_bytes) {
			mlforge_put("m-load-done\r\n");
		}
	}
}

static void print_bytes(void)
{
	for (uint32_t i = 0; i < expected_bytes; i++) {
		const uint8_t sent = (uint8_t)(*mlforge_buffer_at(i) - wire_offset());

		mlforge_put(i % 8U == 0U ? "m-buffer-" : "-");
		mlforge_put_hex(&sent, 1);
		if (i % 8U == 7U || i + 1U == expected_bytes) {
			mlforge_put("\r\n");
		}
	}
}

static void buffer(char *arguments)
{
	const char *word = mlforge_next_word(&arguments);

	if (word == NULL) {
		mlforge_put("e-[Command 'db' requires a subcommand]\r\n");
	} else if (mlforge_same(word, "load")) {
		expect_bytes(mlforge_next_word(&arguments));
	} else if (mlforge_same(word, "print")) {
		print_bytes();
	} else {
		load_bytes(word);
	}
}

static void help(void)
{
	mlforge_put("MLForge measuring firmware\r\n"
		    "help, name, profile, timestamp, results, infer N [W=10]\r\n"
		    "db load N, db HH[HH]*, db print\r\n"
		    "mlforge-info, mlforge-batch [N=1], mlforge-reset, mlforge-extract [N=1] "
		    "[OFFSET=0], mlforge-bursts N REPEATS [MS=100]\r\n");
}

bool mlforge_benchmark_command(const char *name, char *arguments)
{
	if (mlforge_same(name, "name")) {
		mlforge_put("m-name-dut-[mlforge]\r\n");
	} else if (mlforge_same(name, "profile")) {
		mlforge_put("m-profile-[MLForge]\r\nm-model-[");
		mlforge_put(mlforge_app.name);
		mlforge_put("]\r\n");
	} else if (mlforge_same(name, "timestamp")) {
		timestamp();
	} else if (mlforge_same(name, "db")) {
		buffer(arguments);
	} else if (mlforge_same(name, "infer")) {
		infer(arguments);
	} else if (mlforge_same(name, "results")) {
		results();
	} else if (mlforge_same(name, "help")) {
		help();
	} else {
		return false;
	}
	return true;
}
