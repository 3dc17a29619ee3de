/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The signal library of TensorFlow Lite Micro, with its integers.
 *
 * Models that were trained on the features of TensorFlow Lite Micro's signal library (or of the
 * microfrontend, from which it comes) need these features to the last bit, rounding and wrapping
 * included. All functions are free of state but for what their arguments point to. Sums and
 * products of unsigned values are modulo 2^32 or 2^64, as they are there.
 */
#ifndef MLFORGE_TFLM_SIGNAL_H_
#define MLFORGE_TFLM_SIGNAL_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MLFORGE_TFLM_GAINS 125 /**< values in the table of gains */

/** @brief A window function applied: value * weight / 2^shift, rounded down, saturated. */
static inline int16_t mlforge_tflm_weighted(int16_t value, int16_t weight, uint32_t shift)
{
	const int32_t raw = ((int32_t)value * weight) >> shift;

	return (int16_t)(raw < INT16_MIN ? INT16_MIN : raw > INT16_MAX ? INT16_MAX : raw);
}

/**
 * @brief The largest magnitude so far, with one more value, as FftAutoScale finds it: that of the
 * least int16 is itself, and then counts as less than all others.
 */
static inline int16_t mlforge_tflm_larger(int16_t largest, int16_t value)
{
	if (value > largest) {
		return value;
	}
	return -(int32_t)value > largest ? (int16_t)(value == INT16_MIN ? INT16_MIN : -value)
					 : largest;
}

/** @brief The left shift that FftAutoScale finds for a largest magnitude; 0 for none. */
uint32_t mlforge_tflm_scale_bits(int16_t largest);

/** @brief value * 2^bits, modulo 2^16. */
static inline int16_t mlforge_tflm_scaled(int16_t value, uint32_t bits)
{
	return (int16_t)(uint16_t)((uint32_t)(int32_t)value << bits);
}

/** @brief The tables of a real transform of `size` samples, a power of 2 from 8 to 16384. */
struct mlforge_tflm_fft {
	const int16_t *cosines; /**< [size / 4 + 1]: 32767 cos(2 pi i / size), rounded */
	uint16_t size;
};

/** @brief Where the complex number of samples 2i and 2i + 1 goes before the transform. */
uint32_t mlforge_tflm_place(const struct mlforge_tflm_fft *fft, uint32_t i);

/**
 * @brief Kiss FFT's real transform in int16, in place: bins times 1 / size.
 *
 * @param z int16 [size / 2 + 1][2]: pairs of samples, each at its place; after it, bins (real,
 * imaginary).
 */
void mlforge_tflm_transform(const struct mlforge_tflm_fft *fft, int16_t *z);

/**
 * @brief Its inverse: samples times 1 / size of what the bins stand for.
 *
 * @param bins int16 [size / 2 + 1][2]
 * @param z int16 [size]; does not overlap the bins
 */
void mlforge_tflm_inverse(const struct mlforge_tflm_fft *fft, const int16_t *bins, int16_t *z);

/** @brief As struct mlforge_tflm_fft, for int32. */
struct mlforge_tflm_fft_s32 {
	const int32_t *cosines; /**< [size / 4 + 1]: (2^31 - 1) cos(2 pi i / size), rounded */
	uint16_t size;
};

/** @brief As mlforge_tflm_place, for int32. */
uint32_t mlforge_tflm_place_s32(const struct mlforge_tflm_fft_s32 *fft, uint32_t i);

/** @brief As mlforge_tflm_transform, for int32. */
void mlforge_tflm_transform_s32(const struct mlforge_tflm_fft_s32 *fft, int32_t *z);

/** @brief As mlforge_tflm_inverse, for int32. */
void mlforge_tflm_inverse_s32(const struct mlforge_tflm_fft_s32 *fft, const int32_t *bins,
			      int32_t *z);

/**
 * @brief Squares of magnitudes; `energies` may be the place of `bins`.
 *
 * @param bins int16 [count][2]
 */
void mlforge_tflm_energies(const int16_t *bins, uint32_t count, uint32_t *energies);

/** @brief A filter bank: the last weights of one filter are those that another does not have. */
struct mlforge_tflm_bank {
	const int16_t *bins;    /**< [filters + 1]: first bin of each segment */
	const int16_t *offsets; /**< [filters + 1]: its first weight */
	const int16_t *widths;  /**< [filters + 1]: its bins */
	const int16_t *weights; /**< for the filter that ends with the segment */
	const int16_t *rests;   /**< for the filter that begins with it */
	uint16_t filters;
};

/** @brief Sums of one filter bank, uint64 [filters], at any place. */
void mlforge_tflm_filter(const struct mlforge_tflm_bank *bank, const uint32_t *energies,
			 void *sums);

/** @brief The square root, rounded to nearest, but below 2^16 for values below 2^32. */
uint32_t mlforge_tflm_root(uint64_t value);

/** @brief Spectral subtraction; shares have `bits` fraction bits. */
struct mlforge_tflm_subtraction {
	uint32_t smoothing[2]; /**< share of the new value in the estimate, of even and odd bands */
	uint32_t keeping[2];   /**< share of the estimate before */
	uint32_t remaining;    /**< share of a value that is left at least */
	uint8_t bits;
	uint8_t smoothing_bits; /**< fraction bits of estimates, beyond those of values */
	uint8_t clamping;       /**< estimates follow falling values at once */
};

/** @brief Values less the estimate of what is steady in them; `output` may be `input`. */
void mlforge_tflm_subtract(const struct mlforge_tflm_subtraction *subtraction,
			   const uint32_t *input, uint32_t count, uint32_t *output,
			   uint32_t *estimates);

/**
 * @brief Per-channel amplitude normalisation in place: values times a gain that falls with the
 * estimate, compressed below 2; 6 fraction bits.
 *
 * @param gains int16 [MLFORGE_TFLM_GAINS]
 * @param shift right shift of value * gain, which leaves 12 fraction bits
 */
void mlforge_tflm_pcan(const int16_t *gains, uint32_t shift, const uint32_t *estimates,
		       uint32_t *values, uint32_t count);

/** @brief scale times the natural logarithm; value above 0. */
uint32_t mlforge_tflm_log(uint32_t value, uint32_t scale);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_TFLM_SIGNAL_H_ */
