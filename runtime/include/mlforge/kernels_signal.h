/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators of TensorFlow Lite Micro's signal library, on the functions of mlforge/tflm_signal.h.
 * Part of mlforge/kernels.h, whose conventions hold here and which includes this file; include that
 * one. Values of 16 bits are 2-byte aligned, all others 4-byte. States begin as zeros, and are
 * 4-byte aligned.
 */
#ifndef MLFORGE_KERNELS_SIGNAL_H_
#define MLFORGE_KERNELS_SIGNAL_H_

#include "mlforge/kernels.h"
#include "mlforge/tflm_signal.h"

#ifdef __cplusplus
extern "C" {
#endif

/* SignalWindow: rows of `size` int16 times weights. Works in place. */
struct mlforge_signal_window {
	uint32_t rows;
	uint32_t size;
	uint8_t shift;
	const int16_t *weights;
};

void mlforge_signal_window(const struct mlforge_signal_window *op, const void *input, void *output);

/* SignalFftAutoScale: int16, and the shift to the left, an int32. Works in place. */
struct mlforge_signal_scale {
	uint32_t size;
};

void mlforge_signal_scale(const struct mlforge_signal_scale *op, const void *input, void *output,
			  void *bits);

/* SignalRfft: rows of `size` int16, followed by zeros, become fft.size / 2 + 1 complex ones. */
struct mlforge_signal_fft {
	uint32_t rows;
	uint32_t size;
	struct mlforge_tflm_fft fft;
};

void mlforge_signal_rfft(const struct mlforge_signal_fft *op, const void *input, void *output);

/* SignalIrfft: rows of fft.size / 2 + 1 complex int16 become `size` = fft.size int16. */
void mlforge_signal_irfft(const struct mlforge_signal_fft *op, const void *input, void *output);

/* Both, of int32. */
struct mlforge_signal_fft_s32 {
	uint32_t rows;
	uint32_t size;
	struct mlforge_tflm_fft_s32 fft;
};

void mlforge_signal_rfft_s32(const struct mlforge_signal_fft_s32 *op, const void *input,
			     void *output);
void mlforge_signal_irfft_s32(const struct mlforge_signal_fft_s32 *op, const void *input,
			      void *output);

/* SignalEnergy: of complex int16, uint32 [count], those from start to end - 1; others are 0. Works
 * in place. */
struct mlforge_signal_energy {
	uint32_t count;
	uint32_t start;
	uint32_t end;
};

void mlforge_signal_energy(const struct mlforge_signal_energy *op, const void *input, void *output);

/* SignalFilterBank: uint64 [filters], 4-byte aligned, of uint32. */
struct mlforge_signal_filter_bank {
	struct mlforge_tflm_bank bank;
};

void mlforge_signal_filter_bank(const struct mlforge_signal_filter_bank *op, const void *input,
				void *output);

/* SignalFilterBankSquareRoot: uint32 [count], of uint64, shifted to the right by the lower 5 bits
 * of `bits`. The output may start where `input` does. */
struct mlforge_signal_root {
	uint32_t count;
};

void mlforge_signal_root(const struct mlforge_signal_root *op, const void *input, const void *bits,
			 void *output);

/* SignalFilterBankSpectralSubtraction: all uint32 [count]; `state` holds the estimates. */
struct mlforge_signal_subtraction {
	uint32_t count;
	struct mlforge_tflm_subtraction subtraction;
};

void mlforge_signal_subtraction(const struct mlforge_signal_subtraction *op, const void *input,
				void *state, void *output, void *estimates);

/* SignalPCAN: all uint32 [count]. Works in place. */
struct mlforge_signal_pcan {
	uint32_t count;
	uint8_t shift;
	const int16_t *gains; /* [MLFORGE_TFLM_GAINS] */
};

void mlforge_signal_pcan(const struct mlforge_signal_pcan *op, const void *input,
			 const void *estimates, void *output);

/* SignalFilterBankLog: int16 [count], of uint32. The output may start where the input does. */
struct mlforge_signal_log {
	uint32_t count;
	uint32_t scale;
	uint8_t shift;
};

void mlforge_signal_log(const struct mlforge_signal_log *op, const void *input, void *output);

/* SignalFramer: rows of int16 [frames * step] become [frames][size], from a register of `kept`
 * samples. Frames that are not complete yet are zeros, and `valid` is 0 then. `state` is an int32,
 * the samples of a row so far up to `needed`, and int16 [rows][kept]. */
struct mlforge_signal_framer {
	uint32_t rows;
	uint32_t frames;
	uint32_t step;
	uint32_t size;
	uint32_t kept;
	int32_t needed;
};

void mlforge_signal_framer(const struct mlforge_signal_framer *op, const void *input, void *state,
			   void *output, int8_t *valid);

/* SignalStacker: the last `frames` of int16 [channels], every `step` of them, from the one that
 * `right` have followed on. Before the first there are more of it. `state` is an int32, 0 at first,
 * else one more than the frames to the next output, and int16 [frames][channels]. */
struct mlforge_signal_stacker {
	uint32_t channels;
	uint32_t frames;
	int32_t right;
	int32_t step;
};

void mlforge_signal_stacker(const struct mlforge_signal_stacker *op, const void *input, void *state,
			    void *output, int8_t *valid);

/* SignalOverlapAdd: rows of int16 [frames][size] are added up `step` apart, and saturate. `state`
 * is int16 [rows][size]. The output may start where the input does. */
struct mlforge_signal_overlap_add {
	uint32_t rows;
	uint32_t frames;
	uint32_t size;
	uint32_t step;
};

void mlforge_signal_overlap_add(const struct mlforge_signal_overlap_add *op, const void *input,
				void *state, void *output);

/* SignalDelay: rows of int16 [size], by `delay` samples, which may be 0. `state` is int16
 * [rows][delay]. */
struct mlforge_signal_delay {
	uint32_t rows;
	uint32_t size;
	uint32_t delay;
};

void mlforge_signal_delay(const struct mlforge_signal_delay *op, const void *input, void *state,
			  void *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_SIGNAL_H_ */
