/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that counts, exactly, how often each block of instructions runs and how often it
 * ends in a taken branch, apart for each region of each measured window. It knows addresses only;
 * what they mean is the reader's.
 *
 * Arguments: see places.h. When a block that starts at a watched place is entered: ID 0 closes the
 * window, IDs 1 and 2 open one of that kind (and close one that is open), higher IDs switch the
 * region in an open window. Output, text: "B block start
 * bytes instructions" once a block, "W kind" at a window's end, then its counts, "C region block
 * executed taken", and at exit "E". A file without its "E" is incomplete.
 */
#include "places.h"

enum {
	REGION_CLOSED = 0,
	FIRST_REGION = 3
};

struct counter {
	uint64_t executed;
	uint64_t taken;
};

struct block {
	uint32_t number;
	uint32_t region; /* the region that entering this block starts, or -1 */
	uint64_t start;
	uint64_t end; /* where execution goes on when the last instruction does not branch */
	struct block *next;
	uint32_t instructions;
	uint32_t counters_size;
	struct counter *counters; /* by region, of the open window */
};

enum {
	BUCKETS = 4096,
	NO_REGION = UINT32_MAX
};

static struct block *buckets[BUCKETS];
static uint32_t blocks_count;
static FILE *out;

static uint32_t window_kind; /* 0 outside of windows */
static uint32_t region;
static struct block *previous; /* the block that ran last in this window, and in which region */
static uint32_t previous_region;

static struct counter *counter_of(struct block *block, uint32_t at)
{
	if (at >= block->counters_size) {
		const uint32_t size = at + 8U;

		block->counters = need(realloc(block->counters, size * sizeof(*block->counters)));
		memset(block->counters + block->counters_size, 0,
		       (size - block->counters_size) * sizeof(*block->counters));
		block->counters_size = size;
	}
	return &block->counters[at];
}

/* Writes and clears the counts of the window that ends. */
static void close_window(void)
{
	fprintf(out, "W %" PRIu32 "\n", window_kind);
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct block *block = buckets[i]; block != NULL; block = block->next) {
			for (uint32_t at = 0; at < block->counters_size; at++) {
				const struct counter *counter = &block->counters[at];

				if (counter->executed != 0) {
					fprintf(out,
						"C %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64
						"\n",
						at, block->number, counter->executed,
						counter->taken);
				}
			}
			if (block->counters_size != 0) {
				memset(block->counters, 0,
				       block->counters_size * sizeof(*block->counters));
			}
		}
	}
	window_kind = 0;
	previous = NULL;
}

static void on_mark(uint32_t id)
{
	if (id == REGION_CLOSED) {
		if (window_kind != 0) {
			close_window();
		}
	} else if (id < FIRST_REGION) {
		if (window_kind != 0) {
			close_window();
		}
		window_kind = id;
		region = 0;
		previous = NULL;
	} else {
		region = id;
	}
}

static void on_execution(unsigned int vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	if (window_kind != 0 && previous != NULL && previous->end != block->start) {
		counter_of(previous, previous_region)->taken++;
	}
	if (block->region != NO_REGION) {
		on_mark(block->region);
	}
	if (window_kind != 0) {
		counter_of(block, region)->executed++;
		previous = block;
		previous_region = region;
	}
}

static uint32_t region_at(uint64_t address)
{
	const struct place *place = place_at(address);

	return place == NULL ? NO_REGION : place->id;
}

/* QEMU may translate the same instructions again; they keep their number. */
static struct block *block_of(uint64_t start, uint64_t end, uint32_t instructions)
{
	struct block **bucket = &buckets[(start >> 1) % BUCKETS];

	for (struct block *block = *bucket; block != NULL; block = block->next) {
		if (block->start == start && block->end == end) {
			return block;
		}
	}
	struct block *block = need(calloc(1, sizeof(*block)));

	*block = (struct block){
		.number = blocks_count++,
		.region = region_at(start),
		.start = start,
		.end = end,
		.instructions = instructions,
		.next = *bucket,
	};
	*bucket = block;
	fprintf(out, "B %" PRIu32 " %" PRIx64 " %" PRIu64 " %" PRIu32 "\n", block->number, start,
		end - start, instructions);
	return block;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *translated)
{
	const size_t count = qemu_plugin_tb_n_insns(translated);
	const struct qemu_plugin_insn *last = qemu_plugin_tb_get_insn(translated, count - 1U);
	const uint64_t end = qemu_plugin_insn_vaddr(last) + qemu_plugin_insn_size(last);
	struct block *block = block_of(qemu_plugin_tb_vaddr(translated), end, (uint32_t)count);

	(void)id;
	qemu_plugin_register_vcpu_tb_exec_cb(translated, on_execution, QEMU_PLUGIN_CB_NO_REGS,
					     block);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	fputs("E\n", out);
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
