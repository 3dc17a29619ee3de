/* SPDX-License-Identifier: Apache-2.0
 * A polled UART: one file per kind of UART implements it, with mlforge_port_read and
 * mlforge_port_write.
 */
#ifndef MLFORGE_UART_H_
#define MLFORGE_UART_H_

void mlforge_uart_init(void);

#endif /* MLFORGE_UART_H_ */
