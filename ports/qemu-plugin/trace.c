/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that tells when execution passes from one named stretch of code to another, in
 * instructions since the start. It knows addresses only; what they mean is the reader's.
 *
 * Arguments: ranges=FILE with lines "HEX-START HEX-END ID", sorted and apart; out=FILE. Whenever a
 * block of instructions begins in another range than the one before: a line "INSTRUCTIONS ID". Code
 * outside of all ranges belongs to the range that it was called from. At exit "E INSTRUCTIONS"; a
 * file without it is incomplete, and one with a line "X" had more lines than it may.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin_api.h"

enum {
	MAX_RANGES = 4096,
	MAX_EVENTS = 2000000
};

struct range {
	uint64_t start;
	uint64_t end;
	uint32_t id;
};

struct block {
	const struct range *range; /* NULL outside of all */
	uint64_t instructions;
};

static struct range ranges[MAX_RANGES];
static size_t ranges_count;
static const struct range *current;
static uint64_t instructions;
static uint32_t events;
static FILE *out;

static void on_execution(unsigned int vcpu, void *data)
{
	const struct block *block = data;

	(void)vcpu;
	if (block->range != NULL && (current == NULL || block->range->id != current->id)) {
		current = block->range;
		if (events < MAX_EVENTS) {
			fprintf(out, "%" PRIu64 " %" PRIu32 "\n", instructions, current->id);
		} else if (events == MAX_EVENTS) {
			fputs("X\n", out);
		}
		events += events <= MAX_EVENTS ? 1U : 0U;
	}
	instructions += block->instructions;
}

static const struct range *range_at(uint64_t address)
{
	for (size_t i = 0; i < ranges_count; i++) {
		if (ranges[i].start <= address && address < ranges[i].end) {
			return &ranges[i];
		}
	}
	return NULL;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated)
{
	struct block *block = calloc(1, sizeof(*block)); /* lives as long as QEMU does */

	(void)id;
	if (block == NULL) {
		fputs("mlforge plugin: out of memory\n", stderr);
		exit(1);
	}
	block->range = range_at(qemu_plugin_tb_vaddr(translated));
	block->instructions = qemu_plugin_tb_n_insns(translated);
	qemu_plugin_register_vcpu_tb_exec_cb(translated, on_execution, QEMU_PLUGIN_CB_NO_REGS,
					     block);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	fprintf(out, "E %" PRIu64 "\n", instructions);
	fclose(out);
}

static bool read_ranges(const char *path)
{
	FILE *file = fopen(path, "r");
	bool room = true;

	if (file == NULL) {
		return false;
	}
	while (room && fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNu32, &ranges[ranges_count].start,
			      &ranges[ranges_count].end, &ranges[ranges_count].id) == 3) {
		room = ++ranges_count < MAX_RANGES;
	}
	fclose(file);
	return room;
}

PLUGIN_EXPORT int qemu_plugin_version = MLFORGE_PLUGIN_API;

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
				      char **argv);

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
				      char **argv)
{
	bool ranged = false;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "ranges=", 7) == 0) {
			ranged = read_ranges(argv[i] + 7);
		} else if (strncmp(argv[i], "out=", 4) == 0) {
			out = fopen(argv[i] + 4, "w");
		}
	}
	if (!ranged || out == NULL) {
		fputs("mlforge plugin: cannot read ranges= or write out=\n", stderr);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
