/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames into packets, and packets into a queue, from which record_uart.c or record_smp.c takes
 * them. A packet is queued whole or not at all.
 */
#include <mlforge/record.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/byteorder.h>
#include <zephyr/sys/crc.h>
#include <zephyr/sys/ring_buffer.h>

#include "record_queue.h"

#define MAGIC_BYTES 4

BUILD_ASSERT(!IS_ENABLED(CONFIG_BIG_ENDIAN), "packets are little endian, as the frames are");

static const struct mlforge_instance *record_of;
static uint32_t record_next; /* number of the next frame */

RING_BUF_DECLARE(record_queue, CONFIG_MLFORGE_RECORD_QUEUE_BYTES);
static K_MUTEX_DEFINE(record_lock);
static K_SEM_DEFINE(record_ready, 0, 1);

static void record_header(uint8_t *header, enum mlforge_samples samples, uint32_t count)
{
	const char *name = record_of->model->name;

	memcpy(header, "MFR1", MAGIC_BYTES);
	header[4] = samples == MLFORGE_SAMPLES_INT16 ? 1 : 0;
	header[5] = (uint8_t)record_of->frame_frac_bits;
	sys_put_le16((uint16_t)mlforge_features_frame_length(record_of->features), &header[6]);
	sys_put_le32(record_next, &header[8]);
	sys_put_le16((uint16_t)count, &header[12]);
	sys_put_le16(0, &header[14]);
	sys_put_le32(crc32_ieee((const uint8_t *)name, strlen(name)), &header[16]);
}

static void record_packet(const uint8_t *frames, uint32_t frame_bytes, enum mlforge_samples samples,
			  uint32_t count)
{
	const uint32_t bytes = count * frame_bytes;
	uint8_t header[MLFORGE_RECORD_HEADER_BYTES];
	uint8_t check[MLFORGE_RECORD_CRC_BYTES];

	if (ring_buf_space_get(&record_queue) < sizeof(header) + bytes + sizeof(check)) {
		return;
	}
	record_header(header, samples, count);
	const uint32_t of_header = crc32_ieee(&header[MAGIC_BYTES], sizeof(header) - MAGIC_BYTES);

	sys_put_le32(crc32_ieee_update(of_header, frames, bytes), check);
	(void)ring_buf_put(&record_queue, header, sizeof(header));
	(void)ring_buf_put(&record_queue, frames, bytes);
	(void)ring_buf_put(&record_queue, check, sizeof(check));
	k_sem_give(&record_ready);
}

void mlforge_record(const struct mlforge_instance *instance, const void *frames,
		    enum mlforge_samples samples, uint32_t count)
{
	const uint32_t sample_bytes =
		samples == MLFORGE_SAMPLES_INT16 ? sizeof(int16_t) : sizeof(int32_t);
	const uint32_t frame_bytes =
		mlforge_features_frame_length(instance->features) * sample_bytes;
	const uint32_t most = MAX(1, CONFIG_MLFORGE_RECORD_PACKET_BYTES / frame_bytes);
	const uint8_t *from = frames;

	(void)k_mutex_lock(&record_lock, K_FOREVER);
	record_of = record_of == NULL ? instance : record_of;
	while (record_of == instance && count > 0) {
		const uint32_t now = MIN(count, most);

		record_packet(from, frame_bytes, samples, now);
		record_next += now;
		from += now * frame_bytes;
		count -= now;
	}
	k_mutex_unlock(&record_lock);
}

uint32_t mlforge_record_peek(uint8_t *bytes, uint32_t most)
{
	(void)k_mutex_lock(&record_lock, K_FOREVER);
	const uint32_t count = ring_buf_peek(&record_queue, bytes, most);

	k_mutex_unlock(&record_lock);
	return count;
}

void mlforge_record_drop(uint32_t count)
{
	(void)k_mutex_lock(&record_lock, K_FOREVER);
	(void)ring_buf_get(&record_queue, NULL, count);
	k_mutex_unlock(&record_lock);
}

void mlforge_record_wait(void)
{
	(void)k_sem_take(&record_ready, K_FOREVER);
}
