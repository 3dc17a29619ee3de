/* SPDX-License-Identifier: Apache-2.0 */
#include "clock_systick.h"
#include "port.h"
#include "uart.h"

void mlforge_port_init(void)
{
	mlforge_uart_init();
	mlforge_clock_init();
}
