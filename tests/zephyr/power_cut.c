/* SPDX-License-Identifier: Apache-2.0
 *
 * A QEMU plugin that takes the power away at an exact moment: before a processor's store to its
 * flash, by its number.
 *
 * Arguments: flash=ADDRESS, size=BYTES, after=STORES (0: never), and count=FILE, in which the
 * number of stores so far is kept as 64 bits in the host's byte order, so that it outlives the
 * process.
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qemu_plugin_api.h"

static uint64_t flash;
static uint64_t size;
static uint64_t after;
static volatile uint64_t *count;

static void on_store(unsigned int vcpu, qemu_plugin_meminfo_t access, uint64_t address, void *data)
{
	(void)vcpu;
	(void)data;
	if (qemu_plugin_mem_is_store(access) && address - flash < size) {
		*count += 1U;
		if (*count == after) {
			raise(SIGKILL);
		}
	}
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	(void)id;
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(block, i), on_store,
						 QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_RW, NULL);
	}
}

static int keep_count_in(const char *path)
{
	const int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	void *memory;

	if (file < 0 || ftruncate(file, sizeof(*count)) != 0) {
		return -1;
	}
	memory = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (memory == MAP_FAILED) {
		return -1;
	}
	count = memory;
	return close(file);
}

PLUGIN_EXPORT int qemu_plugin_version = MLFORGE_PLUGIN_API;

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
				      char **argv);

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
				      char **argv)
{
	(void)info;
	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], "flash=", 6) == 0) {
			flash = strtoull(argv[i] + 6, NULL, 0);
		} else if (strncmp(argv[i], "size=", 5) == 0) {
			size = strtoull(argv[i] + 5, NULL, 0);
		} else if (strncmp(argv[i], "after=", 6) == 0) {
			after = strtoull(argv[i] + 6, NULL, 0);
		} else if (strncmp(argv[i], "count=", 6) == 0 && keep_count_in(argv[i] + 6) != 0) {
			return -1;
		}
	}
	if (count == NULL) {
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	return 0;
}
