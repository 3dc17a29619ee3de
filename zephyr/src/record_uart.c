/* SPDX-License-Identifier: Apache-2.0
 *
 * The thread that sends packets over a UART.
 */
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>

#include "record_queue.h"

#if DT_HAS_CHOSEN(mlforge_record_uart)
#define RECORD_UART DEVICE_DT_GET(DT_CHOSEN(mlforge_record_uart))
#else
#define RECORD_UART DEVICE_DT_GET(DT_CHOSEN(zephyr_console))
#endif

static const struct device *const record_uart = RECORD_UART;

static void record_thread(void *unused1, void *unused2, void *unused3)
{
	uint8_t bytes[32];

	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	for (;;) {
		const uint32_t count = mlforge_record_peek(bytes, sizeof(bytes));

		for (uint32_t i = 0; i < count; i++) {
			uart_poll_out(record_uart, bytes[i]);
		}
		if (count == 0) {
			mlforge_record_wait();
		} else {
			mlforge_record_drop(count);
		}
	}
}

K_THREAD_DEFINE(mlforge_record_thread, CONFIG_MLFORGE_RECORD_STACK_SIZE, record_thread, NULL, NULL,
		NULL, CONFIG_MLFORGE_RECORD_PRIORITY, 0, 0);
