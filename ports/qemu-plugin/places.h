/* SPDX-License-Identifier: Apache-2.0
 *
 * What our plugins of QEMU share: their arguments, NAME=VALUE, and a table of the places in memory
 * that a plugin watches, with a number for each. What the numbers mean is the plugin's. A plugin is
 * one C file that includes this.
 */
#ifndef MLFORGE_PLACES_H_
#define MLFORGE_PLACES_H_

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu_plugin_api.h"

enum {
	MAX_PLACES = 65536
};

struct place {
	uint64_t start;
	uint64_t end; /* behind the last byte */
	uint32_t id;
};

static struct place places[MAX_PLACES]; /* by start, and apart */
static size_t places_count;

/* The value of an argument, or NULL. */
static inline const char *argument(int argc, char **argv, const char *name)
{
	const size_t length = strlen(name);

	for (int i = 0; i < argc; i++) {
		if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=') {
			return argv[i] + length + 1;
		}
	}
	return NULL;
}

static inline int places_order(const void *left, const void *right)
{
	const uint64_t a = ((const struct place *)left)->start;
	const uint64_t b = ((const struct place *)right)->start;

	return (a > b) - (a < b);
}

/* Lines of "HEX-START HEX-END ID". False where there is no such file, or too many of them. */
static inline bool places_read(const char *path)
{
	FILE *file = path == NULL ? NULL : fopen(path, "r");

	if (file == NULL) {
		return false;
	}
	while (places_count < MAX_PLACES &&
	       fscanf(file, "%" SCNx64 " %" SCNx64 " %" SCNu32, &places[places_count].start,
		      &places[places_count].end, &places[places_count].id) == 3) {
		places_count++;
	}
	fclose(file);
	qsort(places, places_count, sizeof(*places), places_order);
	return places_count < MAX_PLACES;
}

/* The place that holds the address, or NULL. */
static inline const struct place *place_at(uint64_t address)
{
	size_t low = 0;
	size_t high = places_count;

	while (low < high) {
		const size_t middle = (low + high) / 2U;

		if (places[middle].end <= address) {
			low = middle + 1U;
		} else {
			high = middle;
		}
	}
	return low < places_count && places[low].start <= address ? &places[low] : NULL;
}

/* The arguments places=FILE and out=FILE, which every plugin has. NULL, and a word on stderr, where
 * one is no good. */
static inline FILE *places_and_output(int argc, char **argv)
{
	const char *path = argument(argc, argv, "out");
	FILE *file = NULL;

	if (path != NULL && places_read(argument(argc, argv, "places"))) {
		file = fopen(path, "w");
	}
	if (file == NULL) {
		fputs("mlforge plugin: cannot read places= or write out=\n", stderr);
	}
	return file;
}

static inline void *need(void *memory)
{
	if (memory == NULL) {
		fputs("mlforge plugin: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

PLUGIN_EXPORT int qemu_plugin_version = MLFORGE_PLUGIN_API;

PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
				      char **argv);

#endif /* MLFORGE_PLACES_H_ */
