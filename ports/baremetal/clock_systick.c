/* SPDX-License-Identifier: Apache-2.0
 *
 * The clock of Cortex-M: SysTick, extended to 32 bits by its exception. While interrupts are masked
 * one wrap may be pending and is counted; a second one would be lost, so what is timed must be
 * shorter than two wraps (over a second on the emulated boards). Registers: Armv7-M Architecture
 * Reference Manual, B3.3.
 */
#include "clock_systick.h"

#include "port.h"

#define SYST_CSR       (*(volatile uint32_t *)0xE000E010U)
#define SYST_RVR       (*(volatile uint32_t *)0xE000E014U)
#define SYST_CVR       (*(volatile uint32_t *)0xE000E018U)
#define ICSR           (*(volatile uint32_t *)0xE000ED04U)
#define ICSR_PENDSTSET (1U << 26)

#define TICKS_PER_US (MLFORGE_CLOCK_HZ / 1000000U)
/* The longest period of whole microseconds that 24 bits hold. */
#define PERIOD       (0x1000000U / TICKS_PER_US * TICKS_PER_US)

static volatile uint32_t periods;

void mlforge_systick(void)
{
	periods++;
}

void mlforge_clock_init(void)
{
	SYST_RVR = PERIOD - 1U;
	SYST_CVR = 0;
	SYST_CSR = 7; /* processor clock, exception, enable */
}

uint32_t mlforge_port_mask(void)
{
	uint32_t state;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(state)::"memory");
	return state;
}

void mlforge_port_unmask(uint32_t state)
{
	__asm__ volatile("msr primask, %0" ::"r"(state) : "memory");
}

/* Whole periods, and the ticks into the running one; interrupts are masked. */
static inline uint32_t now(uint32_t *whole)
{
	uint32_t value = SYST_CVR;

	*whole = periods;
	if ((ICSR & ICSR_PENDSTSET) != 0U) {
		value = SYST_CVR;
		(*whole)++;
	}
	return value == 0U ? 0U : PERIOD - value;
}

uint32_t mlforge_port_ticks(void)
{
	uint32_t state;
	uint32_t whole;
	uint32_t part;

	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(state)::"memory");
	part = now(&whole);
	__asm__ volatile("msr primask, %0" ::"r"(state) : "memory");
	return whole * PERIOD + part;
}

void mlforge_port_sleep(uint32_t ms)
{
	const uint32_t start = mlforge_port_micros();

	while (mlforge_port_micros() - start < ms * 1000U) {
	}
}

void mlforge_port_gate(int high)
{
	(void)high; /* emulated boards have no meter */
}

uint32_t mlforge_port_micros(void)
{
	const uint32_t state = mlforge_port_mask();
	uint32_t whole;
	const uint32_t part = now(&whole);

	mlforge_port_unmask(state);
	return whole * (PERIOD / TICKS_PER_US) + part / TICKS_PER_US;
}

uint32_t mlforge_port_clock_hz(void)
{
	return MLFORGE_CLOCK_HZ;
}
