/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The bundle block of an image (docs/bundle.md), read where it lies.
 *
 * Its bytes are untrusted until mlforge_bundle_read has checked them; nothing is ever read
 * outside them.
 */
#ifndef MLFORGE_BUNDLE_H_
#define MLFORGE_BUNDLE_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Why a bundle was refused, or did not last.
 *
 * The numbers and their details are those of docs/telemetry.md.
 */
enum mlforge_reason {
	MLFORGE_REASON_NONE = 0,
	MLFORGE_REASON_FORMAT = 1,
	MLFORGE_REASON_CRC = 2,
	MLFORGE_REASON_CONTRACT = 3,
	MLFORGE_REASON_MODEL = 4,
	MLFORGE_REASON_BOARD = 5,
	MLFORGE_REASON_NAME = 6,
	MLFORGE_REASON_ARENA = 7,
	MLFORGE_REASON_SELF_TEST = 8,
	MLFORGE_REASON_DEADLINE = 9,
	MLFORGE_REASON_STACK = 10,
	MLFORGE_REASON_SENSOR = 11,
	MLFORGE_REASON_APPLICATION = 12,
	MLFORGE_REASON_TIMEOUT = 13,
	MLFORGE_REASON_FLASH = 14,
	MLFORGE_REASON_RESET = 15,
};

struct mlforge_finding {
	enum mlforge_reason reason;
	uint32_t detail;
};

enum mlforge_task {
	MLFORGE_TASK_CLASSIFICATION = 0,
	MLFORGE_TASK_REGRESSION = 1,
	MLFORGE_TASK_ANOMALY = 2,
};

#define MLFORGE_DIGEST_BYTES 32
#define MLFORGE_TEXT_BYTES   32

/**
 * @brief As MCUboot's image version.
 */
struct mlforge_version {
	uint8_t major;
	uint8_t minor;
	uint16_t revision;
	uint32_t build;
};

/**
 * @brief Each `data` is NULL where the block has no such section; then all else is 0, too.
 */
struct mlforge_thresholds {
	const uint8_t *data; /**< pairs enter, leave: int8 for classes, little-endian uint32 Q16.16
				for anomalies */
	uint8_t task;        /**< enum mlforge_task */
	uint8_t classes;     /**< 0 but for classification */
	uint8_t hysteresis;  /**< windows in a row before a decision changes, at least 1 */
};

struct mlforge_calibration {
	const uint8_t *data; /**< offset, gain, offset_bound, gain_bound: little-endian int32 for
				each channel */
	uint16_t channels;
	bool baseline_allowed;
	uint32_t period_s;
};

struct mlforge_baseline {
	const uint8_t *
		data; /**< means and deviations of channels, then shares of classes, then of bins */
	uint16_t channels;
	uint16_t classes;
	uint16_t score_bins;
	uint16_t psi_limit; /**< Q8.8 */
};

struct mlforge_self_test {
	const uint8_t *data; /**< input and output of each vector */
	uint16_t vectors;
	uint32_t input_bytes;
	uint32_t output_bytes;
};

struct mlforge_bundle {
	uint32_t crc; /**< of the block: which bundle it is */
	struct mlforge_version firmware;
	struct mlforge_version model;
	struct mlforge_version thresholds_version;
	struct mlforge_version calibration_version;
	const uint8_t *contract_sha256; /**< [MLFORGE_DIGEST_BYTES] */
	const uint8_t *model_sha256;    /**< [MLFORGE_DIGEST_BYTES] */
	const char
		*board; /**< [MLFORGE_TEXT_BYTES], zeros behind it; none where it fills the field */
	const char *name; /**< likewise */
	struct mlforge_thresholds thresholds;
	struct mlforge_calibration calibration;
	struct mlforge_baseline baseline;
	struct mlforge_self_test self_test;
};

/**
 * @brief What an image knows of itself, apart from the block that it carries.
 */
struct mlforge_image {
	const char *contract_sha256; /**< 64 hexadecimal digits each */
	const char *model_sha256;
	const char *board;
	const char *name;
	uint8_t task; /**< enum mlforge_task */
	uint8_t classes;
	uint16_t channels; /**< of a frame, and of each step of the model's input */
	uint16_t score_bins;
	uint32_t input_bytes; /**< of what a result is about: the model's input, or a stream's
				 window */
	uint32_t output_bytes;
};

/**
 * @brief Reads a block: everything that docs/bundle.md says of it but the sections' SHA-256, for
 * which the CRC stands in, and the JSON text of the features, which no device reads.
 *
 * @param block  [bytes] of any content
 * @param bundle filled in where the block is sound; it then points into the block
 *
 * @return the reason FORMAT with the offset of what is wrong, or CRC with what it comes to, or
 *         NONE.
 */
struct mlforge_finding mlforge_bundle_read(const uint8_t *block, uint32_t bytes,
					   struct mlforge_bundle *bundle);

/**
 * @brief Whether a sound block is this image's: of its contract, model, board and name, in these
 * numbers of channels, classes, bins and bytes (FORMAT with the detail 0 where not).
 */
struct mlforge_finding mlforge_bundle_belongs(const struct mlforge_bundle *bundle,
					      const struct mlforge_image *image);

/**
 * @brief Of a vector below self_test->vectors; [input_bytes] and [output_bytes].
 */
const int8_t *mlforge_self_test_input(const struct mlforge_self_test *test, uint32_t vector);
const int8_t *mlforge_self_test_output(const struct mlforge_self_test *test, uint32_t vector);

/**
 * @brief CRC-32 of IEEE 802.3, as zlib's: begin with 0, go on with what came before.
 */
uint32_t mlforge_crc32(uint32_t before, const uint8_t *data, size_t bytes);

/**
 * @brief A word for each reason, for the log; "unknown" for other numbers.
 */
const char *mlforge_reason_text(enum mlforge_reason reason);

/**
 * @brief Little-endian numbers at any address.
 */
static inline uint16_t mlforge_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t mlforge_u32(const uint8_t *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static inline int32_t mlforge_i32(const uint8_t *at)
{
	return (int32_t)mlforge_u32(at);
}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_BUNDLE_H_ */
