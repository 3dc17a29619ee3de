/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a block is that of the image that carries it; the golden vectors in it; words for
 * reasons.
 */
#include <string.h>

#include "mlforge/bundle.h"

static const struct mlforge_finding sound = {MLFORGE_REASON_NONE, 0};

static uint8_t digit(char letter)
{
	return (uint8_t)(letter <= '9' ? letter - '0' : (letter | 0x20) - 'a' + 10);
}

static bool same_digest(const uint8_t *digest, const char *digits)
{
	bool same = strlen(digits) == 2 * MLFORGE_DIGEST_BYTES;

	for (uint32_t i = 0; same && i < MLFORGE_DIGEST_BYTES; i++) {
		same = digest[i] == (digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
	}
	return same;
}

static bool same_text(const char *field, const char *text)
{
	const size_t length = strlen(text);

	return length <= MLFORGE_TEXT_BYTES && memcmp(field, text, length) == 0 &&
	       (length == MLFORGE_TEXT_BYTES || field[length] == '\0');
}

static bool sections_fit(const struct mlforge_bundle *bundle, const struct mlforge_image *image)
{
	const struct mlforge_thresholds *thresholds = &bundle->thresholds;
	const struct mlforge_calibration *calibration = &bundle->calibration;
	const struct mlforge_baseline *baseline = &bundle->baseline;
	const struct mlforge_self_test *test = &bundle->self_test;
	const uint8_t classes = image->task == MLFORGE_TASK_CLASSIFICATION ? image->classes : 0;

	return (!thresholds->data ||
		(thresholds->task == image->task && thresholds->classes == classes)) &&
	       (!calibration->data || calibration->channels == image->channels) &&
	       (!baseline->data ||
		(baseline->channels == image->channels && baseline->classes == classes &&
		 baseline->score_bins == image->score_bins)) &&
	       (!test->data || (test->input_bytes == image->input_bytes &&
				test->output_bytes == image->output_bytes));
}

struct mlforge_finding mlforge_bundle_belongs(const struct mlforge_bundle *bundle,
					      const struct mlforge_image *image)
{
	enum mlforge_reason reason = MLFORGE_REASON_NONE;

	if (!same_digest(bundle->contract_sha256, image->contract_sha256)) {
		reason = MLFORGE_REASON_CONTRACT;
	} else if (!same_digest(bundle->model_sha256, image->model_sha256)) {
		reason = MLFORGE_REASON_MODEL;
	} else if (!same_text(bundle->board, image->board)) {
		reason = MLFORGE_REASON_BOARD;
	} else if (!same_text(bundle->name, image->name)) {
		reason = MLFORGE_REASON_NAME;
	} else if (!sections_fit(bundle, image)) {
		reason = MLFORGE_REASON_FORMAT;
	}
	return reason == MLFORGE_REASON_NONE ? sound : (struct mlforge_finding){reason, 0};
}

const int8_t *mlforge_self_test_input(const struct mlforge_self_test *test, uint32_t vector)
{
	return (const int8_t *)&test->data[vector * (test->input_bytes + test->output_bytes)];
}

const int8_t *mlforge_self_test_output(const struct mlforge_self_test *test, uint32_t vector)
{
	return &mlforge_self_test_input(test, vector)[test->input_bytes];
}

const char *mlforge_reason_text(enum mlforge_reason reason)
{
	static const char *const words[] = {
		"none",        "format",  "crc",       "contract", "model", "board",
		"name",        "arena",   "self-test", "deadline", "stack", "sensor",
		"application", "timeout", "flash",     "reset",
	};

	return (size_t)reason < sizeof(words) / sizeof(words[0]) ? words[reason] : "unknown";
}
