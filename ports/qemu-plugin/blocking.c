/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that finds how long interrupts are locked, in instructions, on Cortex-M. It cannot
 * read PRIMASK and BASEPRI, so it follows the instructions that set them; which those are, the
 * reader tells.
 *
 * Arguments: see places.h, and limit=N instructions to run. Places are instructions, and
 * IDs kinds: 1 PRIMASK is set, 2 it is cleared, 3 BASEPRI is raised (MSR BASEPRI_MAX), 4 BASEPRI
 * gets back what it was before the last time it was raised, 5 a handler begins that runs only while
 * nothing is locked. At the end a line "L ADDRESS TIMES LONGEST TOTAL" for each instruction that
 * locked, and "E INSTRUCTIONS".
 */
#include <unistd.h>

#include "places.h"

enum {
	SET = 1,
	CLEAR = 2,
	RAISE = 3,
	RESTORE = 4,
	UNLOCKED = 5
};

struct locks {
	uint64_t times;
	uint64_t longest;
	uint64_t total;
};

static struct locks locks[MAX_PLACES]; /* of each place */
static uint64_t instructions;
static uint64_t limit;
static uint32_t depth;
static bool masked;
static const struct place *locked_at; /* NULL while nothing is locked */
static uint64_t locked_since;
static FILE *out;

static void finish(void)
{
	for (size_t i = 0; i < places_count; i++) {
		if (locks[i].times != 0U) {
			fprintf(out, "L %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
				places[i].start, locks[i].times, locks[i].longest, locks[i].total);
		}
	}
	fprintf(out, "E %" PRIu64 "\n", instructions);
	fclose(out);
	_exit(0);
}

static void follow(const struct place *place)
{
	switch (place->id) {
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
		locked_at = place;
		locked_since = instructions;
	} else if (locked_at != NULL && !masked && depth == 0U) {
		const uint64_t taken = instructions - locked_since;
		struct locks *own = &locks[locked_at - places];

		own->times++;
		own->total += taken;
		own->longest = taken > own->longest ? taken : own->longest;
		locked_at = NULL;
	}
}

/* One by one, as QEMU leaves a block in the middle where an instruction reads a device, and begins
 * another one there. */
static void on_instruction(unsigned int vcpu, void *place)
{
	(void)vcpu;
	instructions++;
	if (place != NULL) {
		follow(place);
	}
	if (instructions >= limit) {
		finish();
	}
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated)
{
	const size_t count = qemu_plugin_tb_n_insns(translated);

	(void)id;
	for (size_t i = 0; i < count; i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(translated, i);

		qemu_plugin_register_vcpu_insn_exec_cb(
			instruction, on_instruction, QEMU_PLUGIN_CB_NO_REGS,
			(void *)place_at(qemu_plugin_insn_vaddr(instruction)));
	}
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
	const char *most = argument(argc, argv, "limit");

	(void)info;
	limit = most == NULL ? UINT64_MAX : strtoull(most, NULL, 10);
	out = places_and_output(argc, argv);
	if (out == NULL) {
		return 1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
