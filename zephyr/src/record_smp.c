/* SPDX-License-Identifier: Apache-2.0
 *
 * The SMP group of recording: the host asks for the packets' bytes piece by piece. A piece stays in
 * the queue until the host asks for the one behind it, so an answer that got lost is asked for
 * again (docs/record.md).
 */
#include <mlforge/record.h>
#include <zcbor_common.h>
#include <zcbor_decode.h>
#include <zcbor_encode.h>
#include <zephyr/kernel.h>
#include <zephyr/mgmt/mcumgr/mgmt/handlers.h>
#include <zephyr/mgmt/mcumgr/mgmt/mgmt.h>
#include <zephyr/mgmt/mcumgr/smp/smp.h>

#include <mgmt/mcumgr/util/zcbor_bulk.h> /* leaves it to others to include what it needs */

#include "record_queue.h"

enum {
	RECORD_SMP_COMMAND_READ = 0,
};

enum {
	RECORD_SMP_ERROR_UNKNOWN = 1,
	RECORD_SMP_ERROR_OFFSET = 2,
};

static uint8_t record_smp_piece[CONFIG_MLFORGE_RECORD_SMP_BYTES];
static uint32_t record_smp_offset; /* of the oldest byte in the queue */
static uint32_t record_smp_given;  /* bytes in the last answer */

/* Whoever begins does not want what has waited since the boot. */
static void record_smp_begin(void)
{
	uint32_t old;

	record_smp_given = 0;
	do {
		old = mlforge_record_peek(record_smp_piece, sizeof(record_smp_piece));
		mlforge_record_drop(old);
		record_smp_offset += old;
	} while (old > 0);
}

/* False where there are no such bytes any more. */
static bool record_smp_go_to(uint32_t offset)
{
	if (offset == record_smp_offset + record_smp_given) {
		mlforge_record_drop(record_smp_given);
		record_smp_offset = offset;
	}
	return offset == record_smp_offset;
}

static int record_smp_on_read(struct smp_streamer *context)
{
	zcbor_state_t *cbor = context->writer->zs;
	bool begin = false;
	uint32_t offset = 0;
	size_t decoded;
	struct zcbor_map_decode_key_val request[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("begin", zcbor_bool_decode, &begin),
		ZCBOR_MAP_DECODE_KEY_DECODER("off", zcbor_uint32_decode, &offset),
	};

	if (zcbor_map_decode_bulk(context->reader->zs, request, ARRAY_SIZE(request), &decoded) !=
	    0) {
		return MGMT_ERR_EINVAL;
	}
	if (begin) {
		record_smp_begin();
	} else if (!record_smp_go_to(offset)) {
		return smp_add_cmd_err(cbor, CONFIG_MLFORGE_RECORD_SMP_GROUP,
				       RECORD_SMP_ERROR_OFFSET)
			       ? MGMT_ERR_EOK
			       : MGMT_ERR_EMSGSIZE;
	}
	record_smp_given = mlforge_record_peek(record_smp_piece, sizeof(record_smp_piece));

	const bool done =
		zcbor_tstr_put_lit(cbor, "off") && zcbor_uint32_put(cbor, record_smp_offset) &&
		zcbor_tstr_put_lit(cbor, "data") &&
		zcbor_bstr_encode_ptr(cbor, (const char *)record_smp_piece, record_smp_given);

	return done ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

#ifdef CONFIG_MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL
static int record_smp_translate(uint16_t error)
{
	return error == RECORD_SMP_ERROR_OFFSET ? MGMT_ERR_EINVAL : MGMT_ERR_EUNKNOWN;
}
#endif

static const struct mgmt_handler record_smp_handlers[] = {
	[RECORD_SMP_COMMAND_READ] = {.mh_read = record_smp_on_read},
};

static struct mgmt_group record_smp_group = {
	.mg_handlers = record_smp_handlers,
	.mg_handlers_count = ARRAY_SIZE(record_smp_handlers),
	.mg_group_id = CONFIG_MLFORGE_RECORD_SMP_GROUP,
#ifdef CONFIG_MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL
	.mg_translate_error = record_smp_translate,
#endif
};

static void record_smp_register_group(void)
{
	mgmt_register_group(&record_smp_group);
}

MCUMGR_HANDLER_DEFINE(mlforge_recording, record_smp_register_group);
