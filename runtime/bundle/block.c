/* SPDX-License-Identifier: Apache-2.0
 *
 * Header and section table of a block: the strictness of python/mlforge/bundle/block.py, byte by
 * byte.
 */
#include <string.h>

#include "sections.h"

#define HEADER_BYTES 184
#define ENTRY_BYTES  48
#define MAX_SECTIONS 64
#define MAX_BYTES    (1U << 20)

/* Offsets in the header. */
enum {
	FORMAT = 4,
	HEADER_SIZE = 6,
	BLOCK_SIZE = 8,
	CRC = 12,
	FIRMWARE = 16,
	MODEL = 24,
	THRESHOLDS = 32,
	CALIBRATION = 40,
	CONTRACT_SHA256 = 48,
	MODEL_SHA256 = 80,
	BOARD = 112,
	NAME = 144,
	SECTIONS = 176,
	RESERVED = 178,
};

static const struct mlforge_finding sound = {MLFORGE_REASON_NONE, 0};

static struct mlforge_finding wrong_at(uint32_t offset)
{
	return (struct mlforge_finding){MLFORGE_REASON_FORMAT, offset};
}

static struct mlforge_version version_at(const uint8_t *at)
{
	return (struct mlforge_version){at[0], at[1], mlforge_u16(&at[2]), mlforge_u32(&at[4])};
}

/* Visible ASCII, at least one letter, then zeros. */
static bool is_text(const uint8_t *at)
{
	uint32_t length = 0;

	while (length < MLFORGE_TEXT_BYTES && at[length] > 32 && at[length] < 127) {
		length++;
	}
	for (uint32_t i = length; i < MLFORGE_TEXT_BYTES; i++) {
		if (at[i] != 0) {
			return false;
		}
	}
	return length > 0;
}

static bool is_zero(const uint8_t *at, uint32_t bytes)
{
	while (bytes > 0 && at[bytes - 1] == 0) {
		bytes--;
	}
	return bytes == 0;
}

/* With the field itself zero. */
static uint32_t crc_of(const uint8_t *block, uint32_t bytes)
{
	static const uint8_t zero[4];
	const uint32_t before = mlforge_crc32(mlforge_crc32(0, block, CRC), zero, sizeof(zero));

	return mlforge_crc32(before, &block[CRC + 4], bytes - CRC - 4);
}

static struct mlforge_finding read_header(const uint8_t *block, uint32_t bytes,
					  struct mlforge_bundle *bundle)
{
	if (bytes < HEADER_BYTES || bytes > MAX_BYTES || memcmp(block, "MLFB", 4) != 0) {
		return wrong_at(0);
	}
	if (mlforge_u16(&block[FORMAT]) != 1 || mlforge_u16(&block[HEADER_SIZE]) != HEADER_BYTES) {
		return wrong_at(FORMAT);
	}
	if (bytes % 8 != 0 || mlforge_u32(&block[BLOCK_SIZE]) != bytes) {
		return wrong_at(BLOCK_SIZE);
	}
	bundle->crc = crc_of(block, bytes);
	if (bundle->crc != mlforge_u32(&block[CRC])) {
		return (struct mlforge_finding){MLFORGE_REASON_CRC, bundle->crc};
	}
	if (!is_text(&block[BOARD])) {
		return wrong_at(BOARD);
	}
	if (!is_text(&block[NAME])) {
		return wrong_at(NAME);
	}
	return is_zero(&block[RESERVED], HEADER_BYTES - RESERVED) ? sound : wrong_at(RESERVED);
}

/* Each section begins where the one before it ended, so that bounds are held by one number that
 * only grows. */
static struct mlforge_finding read_sections(const uint8_t *block, uint32_t bytes,
					    struct mlforge_bundle *bundle)
{
	const uint32_t count = mlforge_u16(&block[SECTIONS]);
	uint32_t end = HEADER_BYTES + ENTRY_BYTES * count;
	int32_t last = -1;

	if (count > MAX_SECTIONS || end > bytes) {
		return wrong_at(SECTIONS);
	}
	for (uint32_t at = HEADER_BYTES; at < HEADER_BYTES + ENTRY_BYTES * count;
	     at += ENTRY_BYTES) {
		const uint16_t kind = mlforge_u16(&block[at]);
		const uint32_t size = mlforge_u32(&block[at + 8]);
		const uint8_t *data = &block[end];

		if (kind <= last || mlforge_u16(&block[at + 2]) != 0 ||
		    mlforge_u32(&block[at + 12]) != 0 || mlforge_u32(&block[at + 4]) != end ||
		    size > bytes - end) {
			return wrong_at(at);
		}
		const uint32_t padding = (8 - size % 8) % 8;

		if (padding > bytes - end - size || !is_zero(&data[size], padding) ||
		    !mlforge_section_read(kind, data, size, bundle)) {
			return wrong_at(end);
		}
		end += size + padding;
		last = kind;
	}
	return end == bytes ? sound : wrong_at(end);
}

struct mlforge_finding mlforge_bundle_read(const uint8_t *block, uint32_t bytes,
					   struct mlforge_bundle *bundle)
{
	*bundle = (struct mlforge_bundle){0};
	struct mlforge_finding finding = read_header(block, bytes, bundle);

	if (finding.reason == MLFORGE_REASON_NONE) {
		bundle->firmware = version_at(&block[FIRMWARE]);
		bundle->model = version_at(&block[MODEL]);
		bundle->thresholds_version = version_at(&block[THRESHOLDS]);
		bundle->calibration_version = version_at(&block[CALIBRATION]);
		bundle->contract_sha256 = &block[CONTRACT_SHA256];
		bundle->model_sha256 = &block[MODEL_SHA256];
		bundle->board = (const char *)&block[BOARD];
		bundle->name = (const char *)&block[NAME];
		finding = read_sections(block, bytes, bundle);
	}
	return finding;
}
