/* SPDX-License-Identifier: Apache-2.0
 * The 16550 UART, as on QEMU's RISC-V `virt` machine.
 */
#include "port.h"
#include "uart.h"

#define REGISTER(offset) (*(volatile uint8_t *)(MLFORGE_UART_BASE + (offset)))
#define DATA             REGISTER(0U)
#define FIFO_CONTROL     REGISTER(2U)
#define LINE_STATUS      REGISTER(5U)

#define RX_READY 0x01U
#define TX_EMPTY 0x20U

void mlforge_uart_init(void)
{
	FIFO_CONTROL = 7; /* on, both emptied */
}

void mlforge_port_write(char byte)
{
	while ((LINE_STATUS & TX_EMPTY) == 0U) {
	}
	DATA = (uint8_t)byte;
}

char mlforge_port_read(void)
{
	while ((LINE_STATUS & RX_READY) == 0U) {
	}
	return (char)DATA;
}
