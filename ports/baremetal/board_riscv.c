/* SPDX-License-Identifier: Apache-2.0
 *
 * What follows reset on RV32, the fault report, and the clock: mtime of the core-local interruptor
 * (SiFive FU540-C000 manual, chapter 9), which QEMU's `virt` machine runs at 10 MHz.
 */
#include <string.h>

#include "port.h"
#include "text.h"
#include "uart.h"

#define MTIME_LOW (*(volatile uint32_t *)0x0200BFF8U)

extern uint8_t mlforge_data_start[];
extern uint8_t mlforge_data_end[];
extern const uint8_t mlforge_data_image[];
extern uint8_t mlforge_bss_start[];
extern uint8_t mlforge_bss_end[];
extern uint8_t mlforge_stack_limit[];

int main(void);
void mlforge_start(void);
void mlforge_fault_report(uint32_t cause, uint32_t pc, uint32_t value, uint32_t stack);

__attribute__((noreturn)) void mlforge_start(void)
{
	memcpy(mlforge_data_start, mlforge_data_image,
	       (size_t)(mlforge_data_end - mlforge_data_start));
	memset(mlforge_bss_start, 0, (size_t)(mlforge_bss_end - mlforge_bss_start));
	(void)main();
	for (;;) {
	}
}

static void put_register(const char *name, uint32_t value)
{
	mlforge_put(name);
	mlforge_put_word(value);
}

__attribute__((noreturn)) void mlforge_fault_report(uint32_t cause, uint32_t pc, uint32_t value,
						    uint32_t stack)
{
	mlforge_put("\r\nm-fault-[trap");
	put_register(" mcause=", cause);
	put_register(" pc=", pc);
	put_register(" mtval=", value);
	put_register(" sp=", stack);
	mlforge_put("]\r\n");
	for (;;) {
	}
}

void mlforge_port_init(void)
{
	mlforge_uart_init();
}

uint32_t mlforge_port_ticks(void)
{
	return MTIME_LOW;
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
	return MTIME_LOW / (MLFORGE_CLOCK_HZ / 1000000U);
}

uint32_t mlforge_port_clock_hz(void)
{
	return MLFORGE_CLOCK_HZ;
}

uintptr_t mlforge_port_stack_limit(void)
{
	return (uintptr_t)mlforge_stack_limit;
}
