/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections of a block. Sizes are held against the section's before anything behind a head is
 * read; products of fields of 16 and 32 bits are made in 64.
 */
#include "sections.h"

enum {
	THRESHOLDS = 1,
	CALIBRATION = 2,
	BASELINE = 4,
	SELF_TEST = 5,
};

#define Q8_LIMIT    (128 * 256) /* of means and deviations of int8 values in Q8.8 */
#define MAX_VECTORS 256

static bool classes_in_order(const uint8_t *pairs, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if ((int8_t)pairs[2 * i + 1] > (int8_t)pairs[2 * i]) {
			return false;
		}
	}
	return true;
}

static bool read_thresholds(const uint8_t *data, uint32_t bytes,
			    struct mlforge_thresholds *thresholds)
{
	if (bytes < 4 || data[0] > MLFORGE_TASK_ANOMALY || data[2] == 0 || data[3] != 0) {
		return false;
	}
	const uint8_t task = data[0];
	const uint32_t size = task == MLFORGE_TASK_CLASSIFICATION ? 2U * data[1]
			      : task == MLFORGE_TASK_ANOMALY      ? 8
								  : 0;

	if ((data[1] > 0) != (task == MLFORGE_TASK_CLASSIFICATION) || bytes != 4 + size) {
		return false;
	}
	*thresholds = (struct mlforge_thresholds){&data[4], task, data[1], data[2]};
	if (task == MLFORGE_TASK_ANOMALY) {
		return mlforge_u32(&data[8]) <= mlforge_u32(&data[4]);
	}
	return classes_in_order(&data[4], data[1]);
}

static bool read_calibration(const uint8_t *data, uint32_t bytes,
			     struct mlforge_calibration *calibration)
{
	if (bytes < 8) {
		return false;
	}
	const uint16_t channels = mlforge_u16(data);
	const uint16_t flags = mlforge_u16(&data[2]);

	if (channels == 0 || flags > 1 || bytes != 8 + 16U * channels) {
		return false;
	}
	for (uint32_t i = 0; i < channels; i++) {
		const uint8_t *channel = &data[8 + 16 * i];
		const int32_t gain = mlforge_i32(&channel[4]);
		const int32_t offset_bound = mlforge_i32(&channel[8]);
		const int32_t gain_bound = mlforge_i32(&channel[12]);

		if (gain <= 0 || offset_bound < 0 || gain_bound < 0 || gain_bound >= gain) {
			return false;
		}
	}
	*calibration =
		(struct mlforge_calibration){&data[8], channels, flags == 1, mlforge_u32(&data[4])};
	return true;
}

static bool read_baseline(const uint8_t *data, uint32_t bytes, struct mlforge_baseline *baseline)
{
	if (bytes < 8) {
		return false;
	}
	*baseline = (struct mlforge_baseline){&data[8], mlforge_u16(data), mlforge_u16(&data[2]),
					      mlforge_u16(&data[4]), mlforge_u16(&data[6])};
	if (baseline->channels == 0 || baseline->psi_limit == 0 ||
	    bytes != 8 + 8U * baseline->channels + 2U * baseline->classes +
			     2U * baseline->score_bins) {
		return false;
	}
	for (uint32_t i = 0; i < baseline->channels; i++) {
		const int32_t mean = mlforge_i32(&baseline->data[8 * i]);

		if (mean < -Q8_LIMIT || mean > Q8_LIMIT ||
		    mlforge_u32(&baseline->data[8 * i + 4]) > Q8_LIMIT) {
			return false;
		}
	}
	return true;
}

static bool read_self_test(const uint8_t *data, uint32_t bytes, struct mlforge_self_test *test)
{
	if (bytes < 12) {
		return false;
	}
	*test = (struct mlforge_self_test){&data[12], mlforge_u16(data), mlforge_u32(&data[4]),
					   mlforge_u32(&data[8])};
	const uint64_t vector_bytes = (uint64_t)test->input_bytes + test->output_bytes;

	return test->vectors >= 1 && test->vectors <= MAX_VECTORS && mlforge_u16(&data[2]) == 0 &&
	       test->input_bytes > 0 && test->output_bytes > 0 &&
	       bytes - 12 == vector_bytes * test->vectors;
}

bool mlforge_section_read(uint16_t kind, const uint8_t *data, uint32_t bytes,
			  struct mlforge_bundle *bundle)
{
	switch (kind) {
	case THRESHOLDS:
		return read_thresholds(data, bytes, &bundle->thresholds);
	case CALIBRATION:
		return read_calibration(data, bytes, &bundle->calibration);
	case BASELINE:
		return read_baseline(data, bytes, &bundle->baseline);
	case SELF_TEST:
		return read_self_test(data, bytes, &bundle->self_test);
	default:
		return true;
	}
}
