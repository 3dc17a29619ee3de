/* SPDX-License-Identifier: Apache-2.0
 *
 * Four lanes of int32 and the inner loops for MVE, each with the same arithmetic in plain C for
 * every other core. Private to runtime/kernels.
 *
 * The requantisation is the reference's: VQRDMULH is SaturatingRoundingDoublingHighMul (it rounds
 * halves up, as that does after all; see arithmetic.h), VRSHL to the right rounds halves up, and
 * RoundingDivideByPOT rounds them away from zero, which one less for negative numbers makes the
 * same.
 */
#ifndef MLFORGE_KERNELS_MVE_H_
#define MLFORGE_KERNELS_MVE_H_

#include <stdint.h>
#include <string.h>

#include "kernels/shared/arithmetic.h"

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)

#include <arm_mve.h>

typedef int32x4_t mlforge_lanes;

/* For the text of a loop: takes one from what is below zero in `x`, before it is rounded. */
#define MLFORGE_MVE_HALVES(x, rest)                                                                \
	"vshr.s32 " rest ", " x ", #31\n\t"                                                        \
	"vadd.i32 " x ", " x ", " rest "\n\t"

static inline mlforge_lanes mlforge_lanes_of(const int32_t values[4])
{
	return vldrwq_s32(values);
}

/* The same for all lanes. */
static inline mlforge_lanes mlforge_lanes_all(int32_t value)
{
	return vdupq_n_s32(value);
}

/* The reference's requantisation of each lane. */
static inline mlforge_lanes mlforge_lanes_requantise(mlforge_lanes x, mlforge_lanes multiplier,
						     mlforge_lanes shift, int32_t zero_point)
{
	x = vqrdmulhq_s32(x, multiplier);
	x = vaddq_s32(x, vshrq_n_s32(x, 31));
	return vaddq_n_s32(vrshlq_s32(x, shift), zero_point);
}

/* Held to low..high, and to bytes at `to` plus each offset. */
static inline void mlforge_lanes_store(mlforge_lanes x, int32_t low, int32_t high, int8_t *to,
				       mlforge_lanes offsets)
{
	x = vminq_s32(vmaxq_s32(x, vdupq_n_s32(low)), vdupq_n_s32(high));
	vstrbq_scatter_offset_s32(to, vreinterpretq_u32_s32(offsets), x);
}

/* sum[i] + the sum over k < size of shared[k] * own[i][k] */
static inline mlforge_lanes mlforge_lanes_dot(const int8_t *shared, const int8_t *own0,
					      const int8_t *own1, const int8_t *own2,
					      const int8_t *own3, int32_t size, int32_t s0,
					      int32_t s1, int32_t s2, int32_t s3)
{
	/* Without its last lanes where there are fewer than 16 elements left. */
	__asm__ volatile("dlstp.8 lr, %[size]\n"
			 "1:\n\t"
			 "vldrb.8 q0, [%[shared]], #16\n\t"
			 "vldrb.8 q1, [%[own0]], #16\n\t"
			 "vmladava.s8 %[s0], q0, q1\n\t"
			 "vldrb.8 q2, [%[own1]], #16\n\t"
			 "vmladava.s8 %[s1], q0, q2\n\t"
			 "vldrb.8 q3, [%[own2]], #16\n\t"
			 "vmladava.s8 %[s2], q0, q3\n\t"
			 "vldrb.8 q1, [%[own3]], #16\n\t"
			 "vmladava.s8 %[s3], q0, q1\n\t"
			 "letp lr, 1b\n\t"
			 : [s0] "+Te"(s0), [s1] "+Te"(s1), [s2] "+Te"(s2), [s3] "+Te"(s3),
			   [shared] "+r"(shared), [own0] "+r"(own0), [own1] "+r"(own1),
			   [own2] "+r"(own2), [own3] "+r"(own3)
			 : [size] "r"(size)
			 : "q0", "q1", "q2", "q3", "lr", "memory");
	const int32x4_t sums = {s0, s1, s2, s3};

	return sums;
}

static inline void mlforge_copy_bytes(int8_t *to, const int8_t *from, int32_t size)
{
	__asm__ volatile("wlstp.8 lr, %[size], 2f\n"
			 "1:\n\t"
			 "vldrb.8 q0, [%[from]], #16\n\t"
			 "vstrb.8 q0, [%[to]], #16\n\t"
			 "letp lr, 1b\n"
			 "2:\n\t"
			 : [to] "+r"(to), [from] "+r"(from)
			 : [size] "r"(size)
			 : "q0", "lr", "memory");
}

#else

typedef struct {
	int32_t lane[4];
} mlforge_lanes;

static inline mlforge_lanes mlforge_lanes_of(const int32_t values[4])
{
	mlforge_lanes lanes;

	memcpy(lanes.lane, values, sizeof(lanes.lane));
	return lanes;
}

static inline mlforge_lanes mlforge_lanes_all(int32_t value)
{
	const mlforge_lanes lanes = {{value, value, value, value}};

	return lanes;
}

static inline mlforge_lanes mlforge_lanes_requantise(mlforge_lanes x, mlforge_lanes multiplier,
						     mlforge_lanes shift, int32_t zero_point)
{
	for (int32_t i = 0; i < 4; i++) {
		const int32_t y = mlforge_multiply_high(x.lane[i], multiplier.lane[i]);

		x.lane[i] = mlforge_divide_by_power(y, -1 - shift.lane[i]) + zero_point;
	}
	return x;
}

static inline void mlforge_lanes_store(mlforge_lanes x, int32_t low, int32_t high, int8_t *to,
				       mlforge_lanes offsets)
{
	for (int32_t i = 0; i < 4; i++) {
		to[offsets.lane[i]] = (int8_t)mlforge_clamp(x.lane[i], low, high);
	}
}

static inline mlforge_lanes mlforge_lanes_dot(const int8_t *shared, const int8_t *own0,
					      const int8_t *own1, const int8_t *own2,
					      const int8_t *own3, int32_t size, int32_t s0,
					      int32_t s1, int32_t s2, int32_t s3)
{
	mlforge_lanes sums = {{s0, s1, s2, s3}};

	for (int32_t k = 0; k < size; k++) {
		sums.lane[0] += shared[k] * own0[k];
		sums.lane[1] += shared[k] * own1[k];
		sums.lane[2] += shared[k] * own2[k];
		sums.lane[3] += shared[k] * own3[k];
	}
	return sums;
}

static inline void mlforge_copy_bytes(int8_t *to, const int8_t *from, int32_t size)
{
	memcpy(to, from, (uint32_t)size);
}

#endif

#endif /* MLFORGE_KERNELS_MVE_H_ */
