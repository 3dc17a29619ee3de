/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that tells when execution passes from one named stretch of code to another, in
 * instructions since the start. It knows addresses only; what they mean is the reader's.
 *
 * Arguments: see places.h; places are ranges of code. Whenever a
 * block of instructions begins in another range than the one before: a line "INSTRUCTIONS ID". Code
 * outside of all ranges belongs to the range that it was called from. At exit "E INSTRUCTIONS"; a
 * file without it is incomplete, and one with a line "X" had more lines than it may.
 */
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

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated)
{
	struct block *block = need(calloc(1, sizeof(*block))); /* lives as long as QEMU does */

	(void)id;
	block->range = place_at(qemu_plugin_tb_vaddr(translated));
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

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	(void)info;
	out = places_and_output(argc, argv);
	if (out == NULL) {
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
	return 0;
}
