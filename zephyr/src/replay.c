/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets from `west mlforge record --replay` to the service of their model, as if its sensors had
 * sent them. Bytes come in the interrupt; the thread looks for packets in them. A damaged packet is
 * passed over: the host misses its echo.
 */
#include <mlforge/record.h>
#include <mlforge/service.h>
#include <string.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/byteorder.h>
#include <zephyr/sys/crc.h>
#include <zephyr/sys/ring_buffer.h>

#if DT_HAS_CHOSEN(mlforge_record_uart)
#define REPLAY_UART DEVICE_DT_GET(DT_CHOSEN(mlforge_record_uart))
#else
#define REPLAY_UART DEVICE_DT_GET(DT_CHOSEN(zephyr_console))
#endif

#define MAGIC_BYTES 4
#define PACKET_BYTES                                                                               \
	(CONFIG_MLFORGE_RECORD_PACKET_BYTES + MLFORGE_RECORD_HEADER_BYTES +                        \
	 MLFORGE_RECORD_CRC_BYTES)

static const struct device *const replay_uart = REPLAY_UART;
static uint8_t replay_packet[PACKET_BYTES] __aligned(4);
static uint32_t replay_bytes; /* of it that have come */

RING_BUF_DECLARE(replay_queue, 2 * PACKET_BYTES);
static K_SEM_DEFINE(replay_ready, 0, 1);

static void replay_interrupt(const struct device *uart, void *unused)
{
	uint8_t bytes[16];

	ARG_UNUSED(unused);
	while (uart_irq_update(uart) && uart_irq_rx_ready(uart)) {
		const int count = uart_fifo_read(uart, bytes, sizeof(bytes));

		if (count <= 0) {
			break;
		}
		(void)ring_buf_put(&replay_queue, bytes, (uint32_t)count);
		k_sem_give(&replay_ready);
	}
}

/* Bytes of the packet whose header has come; 0 where it is none that can be. */
static uint32_t replay_expected(void)
{
	const uint32_t values =
		(uint32_t)sys_get_le16(&replay_packet[6]) * sys_get_le16(&replay_packet[12]);

	if (replay_packet[4] != 0 || values == 0 ||
	    values > CONFIG_MLFORGE_RECORD_PACKET_BYTES / sizeof(int32_t)) {
		return 0;
	}
	return MLFORGE_RECORD_HEADER_BYTES + values * sizeof(int32_t) + MLFORGE_RECORD_CRC_BYTES;
}

static const struct mlforge_service *replay_service(void)
{
	const uint32_t wanted = sys_get_le32(&replay_packet[16]);

	STRUCT_SECTION_FOREACH(mlforge_service, service) {
		const char *name = service->instance->model->name;

		if (service->instance->features != NULL &&
		    crc32_ieee((const uint8_t *)name, strlen(name)) == wanted) {
			return service;
		}
	}
	return NULL;
}

static void replay_submit(uint32_t bytes)
{
	const uint32_t body = bytes - MAGIC_BYTES - MLFORGE_RECORD_CRC_BYTES;
	const struct mlforge_service *service = replay_service();
	const uint16_t channels = sys_get_le16(&replay_packet[6]);
	const int32_t *frame =
		(const int32_t *)(const void *)&replay_packet[MLFORGE_RECORD_HEADER_BYTES];

	if (service == NULL ||
	    crc32_ieee(&replay_packet[MAGIC_BYTES], body) !=
		    sys_get_le32(&replay_packet[bytes - MLFORGE_RECORD_CRC_BYTES]) ||
	    channels != mlforge_features_frame_length(service->instance->features)) {
		return;
	}
	for (uint16_t i = 0; i < sys_get_le16(&replay_packet[12]); i++, frame += channels) {
		(void)mlforge_service_submit(service, frame, K_FOREVER);
	}
}

/* Forgets bytes up to where a packet may begin. */
static void replay_resume(uint32_t from)
{
	do {
		replay_bytes -= from;
		memmove(replay_packet, &replay_packet[from], replay_bytes);
		from = 1;
	} while (replay_bytes > 0 &&
		 memcmp(replay_packet, "MFR1", MIN(replay_bytes, MAGIC_BYTES)) != 0);
}

static void replay_take(uint8_t byte)
{
	replay_packet[replay_bytes++] = byte;
	if (replay_bytes <= MAGIC_BYTES) {
		replay_resume(0);
		return;
	}
	if (replay_bytes < MLFORGE_RECORD_HEADER_BYTES) {
		return;
	}
	const uint32_t expected = replay_expected();

	if (expected == 0) {
		replay_resume(1);
	} else if (replay_bytes == expected) {
		replay_submit(expected);
		replay_bytes = 0;
	}
}

static void replay_thread(void *unused1, void *unused2, void *unused3)
{
	uint8_t byte;

	ARG_UNUSED(unused1);
	ARG_UNUSED(unused2);
	ARG_UNUSED(unused3);
	(void)uart_irq_callback_user_data_set(replay_uart, replay_interrupt, NULL);
	uart_irq_rx_enable(replay_uart);
	for (;;) {
		while (ring_buf_get(&replay_queue, &byte, 1) == 1) {
			replay_take(byte);
		}
		(void)k_sem_take(&replay_ready, K_FOREVER);
	}
}

K_THREAD_DEFINE(mlforge_replay_thread, CONFIG_MLFORGE_RECORD_STACK_SIZE, replay_thread, NULL, NULL,
		NULL, CONFIG_MLFORGE_RECORD_PRIORITY, 0, 0);
