/* SPDX-License-Identifier: Apache-2.0
 *
 * What the measuring firmware needs from a board: a byte stream, a clock, an interrupt mask, and
 * the bounds of its stack and of memory that nothing else uses. Each port implements all of it;
 * nothing here is weak or optional.
 */
#ifndef MLFORGE_PORT_H_
#define MLFORGE_PORT_H_

#include <stdint.h>

/* Sets up UART and clock; called once, before anything else. */
void mlforge_port_init(void);

/* Sends one byte; blocks while the UART is busy. */
void mlforge_port_write(char byte);

/* Receives one byte; blocks until there is one. */
char mlforge_port_read(void);

/* A free-running counter of mlforge_port_clock_hz; differences are exact across its wrap at 2^32.
 */
uint32_t mlforge_port_ticks(void);
uint32_t mlforge_port_clock_hz(void);

/* Microseconds since reset, modulo 2^32. */
uint32_t mlforge_port_micros(void);

/* Lets the board sleep as deeply as it can, for about that long. */
void mlforge_port_sleep(uint32_t ms);

/* Sets the pin that tells a power meter when inferences run; nothing where the board has none. */
void mlforge_port_gate(int high);

/* Masks interrupts and returns what mlforge_port_unmask restores. */
uint32_t mlforge_port_mask(void);
void mlforge_port_unmask(uint32_t state);

/* The current stack pointer of the function that this is inlined into. */
static inline uintptr_t mlforge_port_stack_pointer(void)
{
	uintptr_t pointer;

#if defined(__riscv)
	__asm__ volatile("mv %0, sp" : "=r"(pointer));
#elif defined(__x86_64__)
	__asm__ volatile("mov %%rsp, %0" : "=r"(pointer));
#elif defined(__i386__)
	__asm__ volatile("mov %%esp, %0" : "=r"(pointer));
#else
	__asm__ volatile("mov %0, sp" : "=r"(pointer));
#endif
	return pointer;
}

/* Lowest address of the running stack; UINTPTR_MAX where it cannot be told, and the stack is then
 * not measured. */
uintptr_t mlforge_port_stack_limit(void);

/* Memory that neither image nor stack occupies (linker symbols). */
extern uint8_t mlforge_spare_start[];
extern uint8_t mlforge_spare_end[];

#endif /* MLFORGE_PORT_H_ */
