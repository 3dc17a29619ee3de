/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Stages behind spectra: logarithms, what describes a spectrum, beats, columns in context.
 *
 * Included by mlforge/pipeline.h. A spectrum is int32 [bins][channels], not negative, with an
 * exponent for each channel behind it where `exponents` says so.
 */
#ifndef MLFORGE_PIPELINE_SPECTRUM_H_
#define MLFORGE_PIPELINE_SPECTRUM_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_stage;

/**
 * @brief log2(x * 2^exponent / 2^frac_bits) * 2^7 * factor / 2^shift, rounded, at least `lowest`,
 * which is also for x = 0.
 *
 * The logarithm is below 2^8. In: int32 [length / channels][channels], not negative; out: the same
 * shape, without exponents, in place.
 */
struct mlforge_log {
	int32_t lowest;
	uint16_t factor;   /**< 2^14 .. 2^15 - 1 */
	int16_t frac_bits; /**< of the input */
	uint8_t shift;     /**< 1 .. 30 */
	uint8_t channels;
	uint8_t exponents; /**< whether the input has them */
};
uint32_t mlforge_log_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			     void *output);

/** @brief mantissa * 2^exponent: a factor of a unit. The mantissa has its highest bit set. */
struct mlforge_unit {
	uint32_t mantissa;
	int16_t exponent;
};

/**
 * @brief Sums of neighbouring bins. Out: int32 [bands][channels] with exponents; or with `share`,
 * over the sum of all bands, Q15. Work: uint64 [bands].
 */
struct mlforge_bands {
	const uint16_t *edges; /**< bins [bands + 1] */
	uint16_t bands;
	uint8_t channels;
	uint8_t exponents;
	uint8_t share;
};
uint32_t mlforge_bands_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output);

enum mlforge_shape {
	MLFORGE_CENTROID,
	MLFORGE_SPREAD,
	MLFORGE_ROLLOFF,
};

/** @brief Frequencies that describe a spectrum, times 2^bits. Out: int32 [count][channels]. */
struct mlforge_spectral {
	const uint8_t *what;     /**< enum mlforge_shape [count] */
	struct mlforge_unit bin; /**< Hz */
	uint16_t bins;
	uint8_t count;
	uint8_t channels;
	int8_t bits;
};
uint32_t mlforge_spectral_process(const struct mlforge_stage *stage, const void *input,
				  uint32_t count, void *output);

#define MLFORGE_MOST_PEAKS 16

/**
 * @brief The largest local maxima, the largest first. Out: int32 [count][2][channels], each a
 * frequency times 2^bits and a logarithm; 0 and the lowest logarithm where there are fewer.
 */
struct mlforge_peaks {
	struct mlforge_log log;
	struct mlforge_unit bin; /**< Hz */
	uint16_t bins;
	uint8_t count; /**< up to MLFORGE_MOST_PEAKS */
	int8_t bits;
};
uint32_t mlforge_peaks_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output);

enum mlforge_rr {
	MLFORGE_RR_MEAN,
	MLFORGE_RR_DEVIATION,
	MLFORGE_RR_RMSSD,
	MLFORGE_RR_MIN,
	MLFORGE_RR_MAX,
};

/**
 * @brief Times between beats of a frame, times 2^bits: beats are local maxima above a share of the
 * largest sample, no two of them closer than `refractory`. In: int16 or int32 [length][channels];
 * out: int32 [count][channels], all 0 with fewer than two times.
 */
struct mlforge_beats {
	const uint8_t *what;        /**< enum mlforge_rr [count] */
	struct mlforge_unit sample; /**< seconds */
	uint32_t length;
	uint32_t refractory; /**< samples */
	uint16_t threshold;  /**< Q15 */
	uint16_t channels;
	uint8_t count;
	uint8_t samples; /**< enum mlforge_samples */
	int8_t bits;
};
uint32_t mlforge_beats_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output);

/**
 * @brief The newest columns behind each other, the oldest first. In: int32 [length]; out: int32
 * [columns][length], none for the first columns - 1. State: struct mlforge_stack_state, behind it
 * the columns.
 */
struct mlforge_stack {
	uint32_t columns;
};
struct mlforge_stack_state {
	uint32_t next;
	uint32_t seen;
};
uint32_t mlforge_stack_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			       void *output);
uint32_t mlforge_stack_wants(const struct mlforge_stage *stage, uint32_t blocks);
void mlforge_stack_reset(const struct mlforge_stage *stage);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_SPECTRUM_H_ */
