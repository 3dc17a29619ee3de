/* SPDX-License-Identifier: Apache-2.0 */
#include "clock_systick.h"
#include "port.h"
#include "uart.h"

extern uint8_t mlforge_stack_limit[];

void mlforge_port_init(void)
{
	mlforge_uart_init();
	mlforge_clock_init();
}

uintptr_t mlforge_port_stack_limit(void)
{
	return (uintptr_t)mlforge_stack_limit;
}
