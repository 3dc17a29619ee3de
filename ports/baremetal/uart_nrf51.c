/* SPDX-License-Identifier: Apache-2.0
 * The UART of Nordic's nRF51 (nRF51 Series Reference Manual v3.0, chapter 29).
 */
#include "port.h"
#include "uart.h"

#define REGISTER(offset) (*(volatile uint32_t *)(MLFORGE_UART_BASE + (offset)))
#define START_RX         REGISTER(0x000U)
#define START_TX         REGISTER(0x008U)
#define RX_READY         REGISTER(0x108U)
#define TX_READY         REGISTER(0x11CU)
#define ENABLE           REGISTER(0x500U)
#define RXD              REGISTER(0x518U)
#define TXD              REGISTER(0x51CU)
#define BAUDRATE         REGISTER(0x524U)

void mlforge_uart_init(void)
{
	BAUDRATE = 0x10000000U; /* 1 Mbaud */
	ENABLE = 4;
	START_RX = 1;
	START_TX = 1;
}

void mlforge_port_write(char byte)
{
	TX_READY = 0;
	TXD = (uint8_t)byte;
	while (TX_READY == 0U) {
	}
}

char mlforge_port_read(void)
{
	while (RX_READY == 0U) {
	}
	RX_READY = 0;
	return (char)RXD;
}
