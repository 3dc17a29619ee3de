/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that finds how long interrupts are locked, in instructions, on Cortex-M. It cannot
 * read PRIMASK and BASEPRI, so it follows the instructions that set them; which those are, the
 * reader tells.
 *
 * Arguments: marks=FILE with lines "HEX-ADDRESS KIND", out=FILE, limit=N instructions to run.
 * Kinds: 1 PRIMASK is set, 2 it is cleared, 3 BASEPRI is raised (MSR BASEPRI_MAX), 4 BASEPRI gets
 * back what it was before the last time it was raised, 5 a handler begins that runs only while
 * nothing is locked. At the end a line "L ADDRESS TIMES LONGEST TOTAL" for each instruction that
 * locked, and "E INSTRUCTIONS".
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu_plugin_api.h"

enum {
	SET = 1,
	CLEAR = 2,
	RAISE = 3,
	RESTORE = 4,
	UNLOCKED = 5,
	MAX_MARKS = 65536
};

struct mark {
	uint64_t address;
	uint32_t kind;
	uint64_t times;
	uint64_t longest;
	uint64_t total;
};

static struct mark marks[MAX_MARKS];
static size_t marks_count;
static uint64_t instructions;
static uint64_t limit = UINT64_MAX;
static uint32_t depth;
static bool masked;
static struct mark *locked_at; /* NULL while nothing is locked */
static uint64_t locked_since;
static FILE *out;

static void finish(void)
{
	for (size_t i = 0; i < marks_count; i++) {
		if (marks[i].times != 0U) {
			fprintf(out, "L %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
				marks[i].address, marks[i].times, marks[i].longest, marks[i].total);
		}
	}
	fprintf(out, "E %" PRIu64 "\n", instructions);
	fclose(out);
	_exit(0);
}

static void follow(struct mark *mark)
{
	switch (mark->kind) {
	case SET:
		masked = true;
		break;
	case CLEAR:
		masked = false;
		break;
	case RAISE:
		depth++;
		break;
	case RESTORE:
		depth -= depth > 0U ? 1U : 0U;
		break;
	default:
		masked = false;
		depth = 0;
		break;
	}
	if (locked_at == NULL && (masked || depth > 0U)) {
		locked_at = mark;
		locked_since = instructions;
	} else if (locked_at != NULL && !masked && depth == 0U) {
		const uint64_t taken = instructions - locked_since;

		locked_at->times++;
		locked_at->total += taken;
		locked_at->longest = taken > locked_at->longest ? taken : locked_at->longest;
		locked_at = NULL;
	}
}

/* One by one, as QEMU leaves a block in the middle where an instruction reads a device, and begins
 * another one there. */
static void on_instruction(unsigned int vcpu, void *mark)
{
	(void)vcpu;
	instructions++;
	if (mark != NULL) {
		follow(mark);
	}
	if (instructions >= limit) {
		finish();
	}
}

static struct mark *mark_at(uint64_t address)
{
	size_t low = 0;
	size_t high = marks_count;

	while (low < high) {
		const size_t middle = (low + high) / 2U;

		if (marks[middle].address < address) {
			low = middle + 1U;
		} else {
			high = middle;
		}
	}
	return low < marks_count && marks[low].address == address ? &marks[low] : NULL;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated)
{
	const size_t count = qemu_plugin_tb_n_insns(translated);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated, i);

		qemu_plugin_register_vcpu_insn_exec_cb(
			instruction, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
			mark_at(qemu_plugin_insn_vaddr(instruction)));
	}
}

static bool read_marks(const char *path)
{
	FILE *file = fopen(path, "r");
	bool room = true;

	if (file == NULL) {
		return false;
	}
	while (room && fscanf(file, "%" SCNx64 " %" SCNu32, &marks[marks_count].address,
			      &marks[marks_count].kind) == 2) {
		room = ++marks_count < MAX_MARKS;
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
	bool marked = false;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "marks=", 6) == 0) {
			marked = read_marks(argv[i] + 6);
		} else if (strncmp(argv[i], "limit=", 6) == 0) {
			limit = strtoull(argv[i] + 6, NULL, 10);
		} else if (strncmp(argv[i], "out=", 4) == 0) {
			out = fopen(argv[i] + 4, "w");
		}
	}
	if (!marked || out == NULL) {
		fputs("mlforge plugin: cannot read marks= or write out=\n", stderr);
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
