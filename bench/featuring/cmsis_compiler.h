/* SPDX-License-Identifier: Apache-2.0
 *
 * What CMSIS-DSP takes from CMSIS-Core, by GCC's own intrinsics: its sdist on PyPI comes without
 * that header.
 */
#ifndef CMSIS_COMPILER_H
#define CMSIS_COMPILER_H

#include <arm_acle.h>
#include <stdint.h>

#define __STATIC_FORCEINLINE static inline __attribute__((always_inline))
#define __STATIC_INLINE      static inline
#define __INLINE             inline
#define __ALIGNED(x)         __attribute__((aligned(x)))
#define __WEAK               __attribute__((weak))
#define __PACKED             __attribute__((packed))
#define __RESTRICT           __restrict
#define __ASM                __asm

static inline __attribute__((always_inline)) uint8_t __CLZ(uint32_t value)
{
	return value == 0U ? 32U : (uint8_t)__builtin_clz(value);
}

#if defined(__ARM_FEATURE_SAT) && __ARM_FEATURE_SAT
#define __SSAT(value, bits) __ssat(value, bits)
#define __USAT(value, bits) __usat(value, bits)
#else
static inline int32_t cmsis_ssat(int32_t value, uint32_t bits)
{
	const int32_t most = (int32_t)((1U << (bits - 1U)) - 1U);

	return value > most ? most : value < -most - 1 ? -most - 1 : value;
}
#define __SSAT(value, bits) cmsis_ssat(value, bits)
#endif

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP
#define __QADD16(a, b)     ((uint32_t)__qadd16((int16x2_t)(a), (int16x2_t)(b)))
#define __QSUB16(a, b)     ((uint32_t)__qsub16((int16x2_t)(a), (int16x2_t)(b)))
#define __SHADD16(a, b)    ((uint32_t)__shadd16((int16x2_t)(a), (int16x2_t)(b)))
#define __SHSUB16(a, b)    ((uint32_t)__shsub16((int16x2_t)(a), (int16x2_t)(b)))
#define __QASX(a, b)       ((uint32_t)__qasx((int16x2_t)(a), (int16x2_t)(b)))
#define __QSAX(a, b)       ((uint32_t)__qsax((int16x2_t)(a), (int16x2_t)(b)))
#define __SHASX(a, b)      ((uint32_t)__shasx((int16x2_t)(a), (int16x2_t)(b)))
#define __SHSAX(a, b)      ((uint32_t)__shsax((int16x2_t)(a), (int16x2_t)(b)))
#define __SMUAD(a, b)      ((uint32_t)__smuad((int16x2_t)(a), (int16x2_t)(b)))
#define __SMUADX(a, b)     ((uint32_t)__smuadx((int16x2_t)(a), (int16x2_t)(b)))
#define __SMUSD(a, b)      ((uint32_t)__smusd((int16x2_t)(a), (int16x2_t)(b)))
#define __SMUSDX(a, b)     ((uint32_t)__smusdx((int16x2_t)(a), (int16x2_t)(b)))
#define __SMLAD(a, b, c)   ((uint32_t)__smlad((int16x2_t)(a), (int16x2_t)(b), (int32_t)(c)))
#define __SMLADX(a, b, c)  ((uint32_t)__smladx((int16x2_t)(a), (int16x2_t)(b), (int32_t)(c)))
#define __SMLSDX(a, b, c)  ((uint32_t)__smlsdx((int16x2_t)(a), (int16x2_t)(b), (int32_t)(c)))
#define __SMLALD(a, b, c)  ((uint64_t)__smlald((int16x2_t)(a), (int16x2_t)(b), (int64_t)(c)))
#define __SMLALDX(a, b, c) ((uint64_t)__smlaldx((int16x2_t)(a), (int16x2_t)(b), (int64_t)(c)))
#define __SXTB16(a)        ((uint32_t)__sxtb16((int8x4_t)(a)))
#define __PKHBT(a, b, shift)                                                                       \
	((((uint32_t)(a)) & 0xffffU) | ((((uint32_t)(b)) << (shift)) & 0xffff0000U))
#define __PKHTB(a, b, shift)                                                                       \
	((((uint32_t)(a)) & 0xffff0000U) | ((((uint32_t)(b)) >> (shift)) & 0xffffU))

static inline __attribute__((always_inline)) int32_t __QADD(int32_t a, int32_t b)
{
	int32_t sum;

	__asm__("qadd %0, %1, %2" : "=r"(sum) : "r"(a), "r"(b));
	return sum;
}

static inline __attribute__((always_inline)) int32_t __QSUB(int32_t a, int32_t b)
{
	int32_t difference;

	__asm__("qsub %0, %1, %2" : "=r"(difference) : "r"(a), "r"(b));
	return difference;
}

static inline __attribute__((always_inline)) int32_t __SMMLA(int32_t a, int32_t b, int32_t c)
{
	return (int32_t)((uint32_t)c + (uint32_t)(((int64_t)a * b) >> 32));
}
#endif

static inline __attribute__((always_inline)) uint32_t __ROR(uint32_t value, uint32_t bits)
{
	return bits % 32U == 0U ? value : value >> (bits % 32U) | value << (32U - bits % 32U);
}

#endif /* CMSIS_COMPILER_H */
