/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that tells when execution passes from one named stretch of code to another, in
 * instructions since the start. It knows addresses only; what they mean is the reader's.
 *
 * Arguments: see places.h, whose places are ranges of code; limit=N instructions to run, at most;
 * switch=HEX, the instruction of the scheduler's that reads the next thread's registers: a line
 * "S INSTRUCTIONS HEX-ADDRESS" says where from. Whenever a
 * block of instructions begins in another range than the one before: a line "INSTRUCTIONS ID". Code
 * outside of all ranges belongs to the range that it was called from. At exit "E INSTRUCTIONS"; a
 * file without it is incomplete, and one with a line "X" had more lines than it may.
 */
#include <unistd.h>

#include "places.h"

enum {
	MAX_EVENTS = 2000000
};

struct block {
	const struct place *range; /* NULL outside of all */
	uint64_t instructions;
};

static const struct place *current;
static uint64_t instructions;
static uint32_t events;
static FILE *out;
static uint64_t limit;
static uint64_t switching; /* the address of that instruction; 0: none */
static uint64_t read_last;

static void finish(void)
{
	fprintf(out, "E %" PRIu64 "\n", instructions);
	fclose(out);
}

/* True where there is room for another line. */
static bool counted(void)
{
	if (events == MAX_EVENTS) {
		fputs("X\n", out);
	}
	events += events <= MAX_EVENTS ? 1U : 0U;
	return events <= MAX_EVENTS;
}

static void on_execution(unsigned int vcpu, void *data)
{
	const struct block *block = data;

	(void)vcpu;
	if (block->range != NULL && (current == NULL || block->range->id != current->id)) {
		current = block->range;
		if (counted()) {
			fprintf(out, "%" PRIu64 " %" PRIu32 "\n", instructions, current->id);
		}
	}
	instructions += block->instructions;
	if (instructions >= limit) {
		finish();
		_exit(0);
	}
}

/* One instruction reads several words: the first says it all. */
static void on_switch(unsigned int vcpu, qemu_plugin_meminfo_t access, uint64_t address, void *data)
{
	(void)vcpu;
	(void)data;
	if (!qemu_plugin_mem_is_store(access) && address != read_last + 4U && counted()) {
		fprintf(out, "S %" PRIu64 " %" PRIx64 "\n", instructions, address);
	}
	read_last = address;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated)
{
	struct block *block = need(calloc(1, sizeof(*block))); /* lives as long as QEMU does */

	(void)id;
	block->range = place_at(qemu_plugin_tb_vaddr(translated));
	block->instructions = qemu_plugin_tb_n_insns(translated);
	qemu_plugin_register_vcpu_tb_exec_cb(translated, on_execution, QEMU_PLUGIN_CB_NO_REGS,
					     block);
	for (size_t i = 0; switching != 0U && i < block->instructions; i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated, i);

		if (qemu_plugin_insn_vaddr(instruction) == switching) {
			qemu_plugin_register_vcpu_mem_cb(instruction, on_switch,
							 QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW,
							 NULL);
		}
	}
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	finish();
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const char *most = argument(argc, argv, "limit");
	const char *at = argument(argc, argv, "switch");

	(void)info;
	limit = most == NULL ? UINT64_MAX : strtoull(most, NULL, 10);
	switching = at == NULL ? 0U : strtoull(at, NULL, 16);
	out = places_and_output(argc, argv);
	if (out == NULL) {
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
