/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads blocks from a file (a 32-bit size before each) with the device's own reader, each in a
 * piece of memory of exactly its size, and prints a line for each: reason, detail, and of sound
 * ones what they hold.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "mlforge/bundle.h"

static void print_version(struct mlforge_version version)
{
	printf(" %u.%u.%u+%" PRIu32, version.major, version.minor, version.revision, version.build);
}

static void print_sections(const struct mlforge_bundle *bundle)
{
	const struct mlforge_thresholds *thresholds = &bundle->thresholds;
	const struct mlforge_calibration *calibration = &bundle->calibration;
	const struct mlforge_baseline *baseline = &bundle->baseline;
	const struct mlforge_self_test *test = &bundle->self_test;
	uint32_t vectors = 0;

	printf(" %u %u %u", thresholds->task, thresholds->classes, thresholds->hysteresis);
	printf(" %u %d %" PRIu32, calibration->channels, calibration->baseline_allowed,
	       calibration->period_s);
	printf(" %u %u %u %u", baseline->channels, baseline->classes, baseline->score_bins,
	       baseline->psi_limit);
	printf(" %u %" PRIu32 " %" PRIu32, test->vectors, test->input_bytes, test->output_bytes);
	for (uint32_t i = 0; i < test->vectors; i++) {
		vectors = mlforge_crc32(vectors, (const uint8_t *)mlforge_self_test_input(test, i),
					test->input_bytes);
		vectors = mlforge_crc32(vectors, (const uint8_t *)mlforge_self_test_output(test, i),
					test->output_bytes);
	}
	printf(" %" PRIu32, vectors);
}

static int read_one(FILE *file)
{
	uint8_t size[4];
	struct mlforge_bundle bundle;

	if (fread(size, 1, sizeof(size), file) != sizeof(size)) {
		return 0;
	}
	const uint32_t bytes = mlforge_u32(size);
	uint8_t *block = malloc(bytes == 0 ? 1 : bytes);

	if (block == NULL || fread(block, 1, bytes, file) != bytes) {
		exit(1);
	}
	const struct mlforge_finding finding = mlforge_bundle_read(block, bytes, &bundle);

	printf("%s %" PRIu32, mlforge_reason_text(finding.reason), finding.detail);
	if (finding.reason == MLFORGE_REASON_NONE) {
		printf(" %" PRIu32, bundle.crc);
		print_version(bundle.firmware);
		print_version(bundle.model);
		print_version(bundle.thresholds_version);
		print_version(bundle.calibration_version);
		printf(" %.32s %.32s %02x%02x", bundle.board, bundle.name,
		       bundle.contract_sha256[0], bundle.model_sha256[MLFORGE_DIGEST_BYTES - 1]);
		print_sections(&bundle);
	}
	printf("\n");
	free(block);
	return 1;
}

int main(int count, char **words)
{
	FILE *file = count == 2 ? fopen(words[1], "rb") : NULL;

	if (file == NULL) {
		return 2;
	}
	while (read_one(file)) {
	}
	return fclose(file);
}
