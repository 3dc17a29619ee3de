/* SPDX-License-Identifier: Apache-2.0
 *
 * Reset, exception vectors and fault reports of Cortex-M0 to M55. A fault prints one line and stops
 * for good; whoever talks to the firmware sees the line and ends the emulator.
 */
#include <stdint.h>
#include <string.h>

#include "clock_systick.h"
#include "port.h"
#include "text.h"

#define CPACR    (*(volatile uint32_t *)0xE000ED88U)
#define CFSR     (*(volatile uint32_t *)0xE000ED28U)
#define HFSR     (*(volatile uint32_t *)0xE000ED2CU)
#define MMFAR    (*(volatile uint32_t *)0xE000ED34U)
#define BFAR     (*(volatile uint32_t *)0xE000ED38U)
#define MPU_TYPE (*(volatile uint32_t *)0xE000ED90U)
#define MPU_CTRL (*(volatile uint32_t *)0xE000ED94U)
#define MPU_RNR  (*(volatile uint32_t *)0xE000ED98U)
#define MPU_RBAR (*(volatile uint32_t *)0xE000ED9CU)
#define MPU_RASR (*(volatile uint32_t *)0xE000EDA0U)

extern uint8_t mlforge_data_start[];
extern uint8_t mlforge_data_end[];
extern const uint8_t mlforge_data_image[];
extern uint8_t mlforge_bss_start[];
extern uint8_t mlforge_bss_end[];
extern uint8_t mlforge_stack_limit[];
extern uint8_t mlforge_stack_top[];

int main(void);
void mlforge_reset(void);
void mlforge_fault(void);
void mlforge_fault_report(const uint32_t *frame);

/* The emulated MPS2 boards with an Armv7-M core swallow accesses below their RAM, where an
 * overflowing stack goes: deny the megabyte there. The other boards fault by themselves. Code for
 * an Armv6-M core may run on such a board too, so the core is asked whether it has regions.
 * (Armv7-M Architecture Reference Manual, B3.5) */
static inline void guard_stack(void)
{
#if __ARM_ARCH <= 7
	if ((MPU_TYPE >> 8 & 0xFFU) == 0) {
		return;
	}
	MPU_RNR = 0;
	MPU_RBAR = (uint32_t)(uintptr_t)mlforge_stack_limit - 0x100000U;
	MPU_RASR = (1U << 28) | (19U << 1) | 1U; /* no execution, no access, 2^20 bytes, on */
	MPU_CTRL = 5;                            /* on, all else as without */
	__asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
}

/* Code that uses floating-point registers must not run before the FPU is on. */
__attribute__((noreturn)) void mlforge_reset(void)
{
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
	CPACR |= 0xFU << 20;
	__asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
	memcpy(mlforge_data_start, mlforge_data_image,
	       (size_t)(mlforge_data_end - mlforge_data_start));
	memset(mlforge_bss_start, 0, (size_t)(mlforge_bss_end - mlforge_bss_start));
	guard_stack();
	(void)main();
	for (;;) {
	}
}

static void put_register(const char *name, uint32_t value)
{
	mlforge_put(name);
	mlforge_put_word(value);
}

/* `frame` is what the exception stacked: r0-r3, r12, lr, pc, xpsr. */
__attribute__((used, noreturn)) void mlforge_fault_report(const uint32_t *frame)
{
	const uintptr_t at = (uintptr_t)frame;

	mlforge_put("\r\nm-fault-[hard fault");
	if (at >= (uintptr_t)mlforge_stack_limit && at < (uintptr_t)mlforge_stack_top) {
		put_register(" pc=", frame[6]);
		put_register(" lr=", frame[5]);
	} else {
		put_register(" stack overflow, sp=", (uint32_t)at);
	}
#if !defined(__ARM_ARCH_6M__)
	put_register(" hfsr=", HFSR);
	put_register(" cfsr=", CFSR);
	put_register(" mmfar=", MMFAR);
	put_register(" bfar=", BFAR);
#endif
	mlforge_put("]\r\n");
	for (;;) {
	}
}

/* On the main stack afresh, since the one that faulted may have overflowed. */
__attribute__((naked)) void mlforge_fault(void)
{
	__asm__ volatile("mrs r0, msp\n\t"
			 "ldr r1, =mlforge_stack_top\n\t"
			 "mov sp, r1\n\t"
			 "bl mlforge_fault_report\n\t"
			 ".ltorg\n\t");
}

typedef void (*vector)(void);

__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
	(vector)(uintptr_t)mlforge_stack_top, /* initial stack pointer */
	mlforge_reset,
	mlforge_fault, /* NMI */
	mlforge_fault, /* hard fault */
	mlforge_fault, /* memory management */
	mlforge_fault, /* bus */
	mlforge_fault, /* usage */
	mlforge_fault, /* secure */
	0,
	0,
	0,
	mlforge_fault, /* SVC */
	mlforge_fault, /* debug */
	0,
	mlforge_fault, /* PendSV */
	mlforge_systick,
};
