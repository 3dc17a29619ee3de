/* SPDX-License-Identifier: Apache-2.0
 *
 * The measuring firmware: reads commands that end in '%' and answers each with lines and a final
 * `m-ready`.
 */
#include "app.h"
#include "device.h"
#include "port.h"
#include "text.h"

static char line[MLFORGE_LINE_BYTES + 1U];

/* Reads up to the next terminator. Returns false where the command is longer than the line. */
static bool read_line(void)
{
	uint32_t length = 0;
	char byte;

	while ((byte = mlforge_port_read()) != '%') {
		if (byte == '\r' || byte == '\n') {
			continue;
		}
		if (length < MLFORGE_LINE_BYTES) {
			line[length] = byte;
		}
		length += length <= MLFORGE_LINE_BYTES ? 1U : 0U;
	}
	line[length <= MLFORGE_LINE_BYTES ? length : 0U] = '\0';
	return length <= MLFORGE_LINE_BYTES;
}

static void answer(void)
{
	char *arguments = line;
	const char *name = mlforge_next_word(&arguments);

	if (name == NULL) {
		mlforge_put("e-[Empty command]\r\n");
	} else if (!mlforge_benchmark_command(name, arguments) &&
		   !mlforge_own_command(name, arguments)) {
		mlforge_put("e-[Unknown command: ");
		mlforge_put(name);
		mlforge_put("]\r\n");
	}
}

int main(void)
{
	mlforge_port_init();
	if (mlforge_app.model != NULL) {
		mlforge_model_reset(mlforge_app.model, mlforge_app.arena);
	}
	mlforge_put("m-timestamp-mode-performance\r\nm-init-done\r\nm-ready\r\n");
	for (;;) {
		if (read_line()) {
			answer();
		} else {
			mlforge_put("e-[Command too long]\r\n");
		}
		mlforge_put("m-ready\r\n");
	}
}
