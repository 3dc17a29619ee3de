/* SPDX-License-Identifier: Apache-2.0
 * The UART of Arm's Cortex-M System Design Kit (DDI 0479, 4.3), on the MPS2 and MPS3 boards.
 */
#include "port.h"
#include "uart.h"

#define REGISTER(offset) (*(volatile uint32_t *)(MLFORGE_UART_BASE + (offset)))
#define DATA             REGISTER(0x00U)
#define STATE            REGISTER(0x04U)
#define CTRL             REGISTER(0x08U)
#define BAUDDIV          REGISTER(0x10U)

#define STATE_TX_FULL 1U
#define STATE_RX_FULL 2U

void mlforge_uart_init(void)
{
	BAUDDIV = 16; /* the fastest that the hardware takes */
	CTRL = 3;     /* transmit and receive */
}

void mlforge_port_write(char byte)
{
	while ((STATE & STATE_TX_FULL) != 0U) {
	}
	DATA = (uint8_t)byte;
}

char mlforge_port_read(void)
{
	while ((STATE & STATE_RX_FULL) == 0U) {
	}
	return (char)DATA;
}
