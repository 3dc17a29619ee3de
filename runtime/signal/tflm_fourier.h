/* SPDX-License-Identifier: Apache-2.0
 *
 * Complex numbers of Kiss FFT in fixed point: of int16, or of int32 where tflm_fourier_s32.h comes
 * first. Private to runtime/signal.
 */
#ifndef MLFORGE_SIGNAL_TFLM_FOURIER_H_
#define MLFORGE_SIGNAL_TFLM_FOURIER_H_

#include "mlforge/tflm_signal.h"

#ifndef MLFORGE_FOURIER
#define MLFORGE_FOURIER(name) mlforge_tflm_##name /* the public name */
#define MLFORGE_SAMPLE        int16_t
#define MLFORGE_MODULO        uint16_t
#define MLFORGE_WIDE          int32_t /* of products */
#define MLFORGE_FRACTION      15
#define MLFORGE_LARGEST       INT16_MAX

/* Half of a sum of two, which C makes in 32 bits. */
static inline int32_t mlforge_tflm_half(int32_t sum)
{
	return sum >> 1;
}
#endif

struct mlforge_tflm_complex {
	MLFORGE_WIDE real;
	MLFORGE_WIDE imaginary;
};

/* Modulo 2^16, or 2^32. */
static inline MLFORGE_SAMPLE mlforge_tflm_wrapped(MLFORGE_WIDE value)
{
	return (MLFORGE_SAMPLE)(MLFORGE_MODULO)value;
}

/* value / 2^15, or 2^31, to nearest, halves up. */
static inline MLFORGE_SAMPLE mlforge_tflm_rounded(MLFORGE_WIDE value)
{
	return mlforge_tflm_wrapped((value + ((MLFORGE_WIDE)1 << (MLFORGE_FRACTION - 1))) >>
				    MLFORGE_FRACTION);
}

static inline struct mlforge_tflm_complex mlforge_tflm_over(const MLFORGE_SAMPLE *z,
							    MLFORGE_SAMPLE radix)
{
	const MLFORGE_WIDE share = MLFORGE_LARGEST / radix;

	return (struct mlforge_tflm_complex){mlforge_tflm_rounded(z[0] * share),
					     mlforge_tflm_rounded(z[1] * share)};
}

static inline struct mlforge_tflm_complex mlforge_tflm_times(struct mlforge_tflm_complex a,
							     struct mlforge_tflm_complex b)
{
	return (struct mlforge_tflm_complex){
		mlforge_tflm_rounded(a.real * b.real - a.imaginary * b.imaginary),
		mlforge_tflm_rounded(a.real * b.imaginary + a.imaginary * b.real)};
}

static inline void mlforge_tflm_store(MLFORGE_SAMPLE *z, MLFORGE_WIDE real, MLFORGE_WIDE imaginary)
{
	z[0] = mlforge_tflm_wrapped(real);
	z[1] = mlforge_tflm_wrapped(imaginary);
}

/* exp(-2 pi i turn / size), turn below 3 size / 4. */
static inline struct mlforge_tflm_complex
mlforge_tflm_turned(const struct MLFORGE_FOURIER(fft) * fft, uint32_t turn)
{
	const uint32_t quarter = fft->size / 4U;

	if (turn <= quarter) {
		return (struct mlforge_tflm_complex){fft->cosines[turn],
						     -(MLFORGE_WIDE)fft->cosines[quarter - turn]};
	}
	if (turn <= 2U * quarter) {
		return (struct mlforge_tflm_complex){
			-(MLFORGE_WIDE)fft->cosines[2U * quarter - turn],
			-(MLFORGE_WIDE)fft->cosines[turn - quarter]};
	}
	return (struct mlforge_tflm_complex){-(MLFORGE_WIDE)fft->cosines[turn - 2U * quarter],
					     fft->cosines[3U * quarter - turn]};
}

/* The transform of size / 2 complex numbers in place, each at its place before. */
void MLFORGE_FOURIER(passes)(const struct MLFORGE_FOURIER(fft) * fft, MLFORGE_SAMPLE *z);

#endif /* MLFORGE_SIGNAL_TFLM_FOURIER_H_ */
