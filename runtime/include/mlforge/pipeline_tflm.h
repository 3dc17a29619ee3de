/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Stages with the integers of TensorFlow Lite Micro's signal library.
 *
 * Included by mlforge/pipeline.h. Blocks are of one channel.
 */
#ifndef MLFORGE_PIPELINE_TFLM_H_
#define MLFORGE_PIPELINE_TFLM_H_

#include "mlforge/tflm_signal.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_stage;

#define MLFORGE_TFLM_TAPER_BITS 12
#define MLFORGE_TFLM_LOG_SCALE  64U
#define MLFORGE_TFLM_RANGE      666 /**< 25.6 * 26 in logarithms, which are 256 steps of a byte */

/**
 * @brief Taper, scaling, transform, energies. In: int16 [length]; out: uint32 [size / 2 + 1], and
 * an exponent.
 */
struct mlforge_tflm_spectrum {
	struct mlforge_tflm_fft fft;
	const int16_t *taper; /**< Q12 [taper_length] */
	uint16_t
		taper_length; /**< length, or (length + 1) / 2: the second half mirrors the first */
	uint16_t length;
	uint8_t microfrontend; /**< scaling as the microfrontend has it */
};
uint32_t mlforge_tflm_spectrum_process(const struct mlforge_stage *stage, const void *input,
				       uint32_t count, void *output);

/**
 * @brief Filters, and square roots of their sums. In: energies with an exponent; out: uint32
 * [filters]; tables: struct mlforge_tflm_bank; work: uint64 [filters].
 */
uint32_t mlforge_tflm_bands_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output);

/**
 * @brief Spectral subtraction. In and out: uint32 [length], in place; behind the output the
 * estimates, uint32 [length], where the next stage wants them. State: the estimates.
 */
struct mlforge_noise_reduction {
	struct mlforge_tflm_subtraction subtraction;
	uint8_t passes_estimates;
};
uint32_t mlforge_noise_reduction_process(const struct mlforge_stage *stage, const void *input,
					 uint32_t count, void *output);
void mlforge_noise_reduction_reset(const struct mlforge_stage *stage);

/** @brief Gain control by the estimates behind the input. Out: uint32 [length], in place. */
struct mlforge_pcan {
	const int16_t *gains; /**< [MLFORGE_TFLM_GAINS] */
	uint8_t shift;
};
uint32_t mlforge_pcan_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			      void *output);

/** @brief 64 ln(value * 2^shift), 0 up to 1. In: uint32; out: int32, in place. */
struct mlforge_tflm_levels {
	int8_t shift;
};
uint32_t mlforge_tflm_levels_process(const struct mlforge_stage *stage, const void *input,
				     uint32_t count, void *output);

/** @brief Logarithms as the bytes of micro_speech, 0 to 255, times `unit`. In place. */
struct mlforge_tflm_scale {
	int32_t unit;
};
uint32_t mlforge_tflm_scale_process(const struct mlforge_stage *stage, const void *input,
				    uint32_t count, void *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_TFLM_H_ */
