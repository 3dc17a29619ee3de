/* SPDX-License-Identifier: Apache-2.0
 *
 * The SMP group of the release: docs/telemetry.md says what each command takes and gives.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <zcbor_common.h>
#include <zcbor_decode.h>
#include <zcbor_encode.h>
#include <zephyr/kernel.h>
#include <zephyr/mgmt/mcumgr/mgmt/handlers.h>
#include <zephyr/mgmt/mcumgr/mgmt/mgmt.h>
#include <zephyr/mgmt/mcumgr/smp/smp.h>

#include <mgmt/mcumgr/util/zcbor_bulk.h> /* leaves it to others to include what it needs */

#include "boot_check.h"
#include "state.h"

enum {
	RELEASE_SMP_COMMAND_STATE = 0,
	RELEASE_SMP_COMMAND_FACTS = 1,
	RELEASE_SMP_COMMAND_TELEMETRY = 2,
	RELEASE_SMP_COMMAND_RESET = 3,
	RELEASE_SMP_COMMAND_CALIBRATE = 4,
};

enum {
	RELEASE_SMP_ERROR_UNKNOWN = 1,
	RELEASE_SMP_ERROR_NOT_PASSED = 2,
	RELEASE_SMP_ERROR_TOO_EARLY = 3,
	RELEASE_SMP_ERROR_NOT_ALLOWED = 4,
	RELEASE_SMP_ERROR_TOO_LARGE = 5,
	RELEASE_SMP_ERROR_OFFSET = 6,
	RELEASE_SMP_ERROR_NOT_STORED = 7,
	RELEASE_SMP_ERROR_NOT_SUPPORTED = 8,
};

#define RELEASE_SMP_CHUNK_BYTES  192
#define RELEASE_SMP_VERSION_TEXT sizeof("255.255.65535+4294967295")

static int release_smp_refuse(struct smp_streamer *context, uint16_t error)
{
	return smp_add_cmd_err(context->writer->zs, CONFIG_MLFORGE_SMP_GROUP, error)
		       ? MGMT_ERR_EOK
		       : MGMT_ERR_EMSGSIZE;
}

static bool release_smp_put_text(zcbor_state_t *cbor, const char *key, const char *text,
				 size_t most_bytes)
{
	return zcbor_tstr_put_term(cbor, key, 32) &&
	       zcbor_tstr_encode_ptr(cbor, text, strnlen(text, most_bytes));
}

static bool release_smp_put_version(zcbor_state_t *cbor, const char *key,
				    const struct mlforge_version *version)
{
	char text[RELEASE_SMP_VERSION_TEXT];
	int length = snprintf(text, sizeof(text), "%u.%u.%u", version->major, version->minor,
			      version->revision);

	if (version->build != 0) {
		(void)snprintf(&text[length], sizeof(text) - (size_t)length, "+%u", version->build);
	}
	return release_smp_put_text(cbor, key, text, sizeof(text));
}

static bool release_smp_put_uint(zcbor_state_t *cbor, const char *key, uint32_t value)
{
	return zcbor_tstr_put_term(cbor, key, 32) && zcbor_uint32_put(cbor, value);
}

static bool release_smp_put_failed(zcbor_state_t *cbor, const struct mlforge_failed *failed)
{
	return failed->finding.reason == MLFORGE_REASON_NONE ||
	       (release_smp_put_uint(cbor, "failed_crc", failed->crc) &&
		release_smp_put_version(cbor, "failed_firmware", &failed->firmware) &&
		release_smp_put_uint(cbor, "failed_reason", failed->finding.reason) &&
		release_smp_put_uint(cbor, "failed_detail", failed->finding.detail));
}

static int release_smp_on_state(struct smp_streamer *context)
{
	zcbor_state_t *cbor = context->writer->zs;
	const struct mlforge_failed own =
		mlforge_bundle_present() ? mlforge_bundle_identity() : (struct mlforge_failed){0};
	struct mlforge_bundle_status status;

	mlforge_bundle_status(&status);
	const bool done = release_smp_put_uint(cbor, "state", status.state) &&
			  release_smp_put_uint(cbor, "reason", status.finding.reason) &&
			  release_smp_put_uint(cbor, "detail", status.finding.detail) &&
			  zcbor_tstr_put_lit(cbor, "confirmed") &&
			  zcbor_bool_put(cbor, status.confirmed) &&
			  release_smp_put_uint(cbor, "crc", own.crc) &&
			  release_smp_put_version(cbor, "firmware", &own.firmware) &&
			  release_smp_put_failed(cbor, &status.failed);

	return done ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

static bool release_smp_put_digest(zcbor_state_t *cbor, const char *key, const uint8_t *digest)
{
	return zcbor_tstr_put_term(cbor, key, 32) &&
	       zcbor_bstr_encode_ptr(cbor, (const char *)digest, MLFORGE_DIGEST_BYTES);
}

static int release_smp_on_facts(struct smp_streamer *context)
{
	zcbor_state_t *cbor = context->writer->zs;
	const struct mlforge_bundle *bundle = &mlforge_bundle_contents;

	if (bundle->name == NULL) {
		return release_smp_refuse(context, RELEASE_SMP_ERROR_NOT_PASSED);
	}
	const bool done =
		release_smp_put_text(cbor, "name", bundle->name, MLFORGE_TEXT_BYTES) &&
		release_smp_put_text(cbor, "board", bundle->board, MLFORGE_TEXT_BYTES) &&
		release_smp_put_version(cbor, "firmware", &bundle->firmware) &&
		release_smp_put_version(cbor, "model", &bundle->model) &&
		release_smp_put_version(cbor, "thresholds", &bundle->thresholds_version) &&
		release_smp_put_version(cbor, "calibration", &bundle->calibration_version) &&
		release_smp_put_digest(cbor, "contract", bundle->contract_sha256) &&
		release_smp_put_digest(cbor, "model_sha256", bundle->model_sha256);

	return done ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

/* Pieces are of the record that offset 0 made; there is one handler at a time. */
static int release_smp_send_piece(struct smp_streamer *context, uint32_t offset)
{
	static int length;
	zcbor_state_t *cbor = context->writer->zs;

	if (offset == 0) {
		length = mlforge_telemetry_encode(mlforge_release.smp_record,
						  mlforge_release.record_bytes);
	}
	if (length < 0) {
		return release_smp_refuse(context, length == -EACCES ? RELEASE_SMP_ERROR_NOT_PASSED
								     : RELEASE_SMP_ERROR_TOO_LARGE);
	}
	if (offset >= (uint32_t)length) {
		return release_smp_refuse(context, RELEASE_SMP_ERROR_OFFSET);
	}
	const uint32_t bytes = MIN(RELEASE_SMP_CHUNK_BYTES, (uint32_t)length - offset);
	const bool done = release_smp_put_uint(cbor, "off", offset) &&
			  release_smp_put_uint(cbor, "len", (uint32_t)length) &&
			  zcbor_tstr_put_lit(cbor, "data") &&
			  zcbor_bstr_encode_ptr(
				  cbor, (const char *)&mlforge_release.smp_record[offset], bytes);

	return done ? MGMT_ERR_EOK : MGMT_ERR_EMSGSIZE;
}

static int release_smp_on_telemetry(struct smp_streamer *context)
{
	uint32_t offset = 0;
	size_t decoded;
	struct zcbor_map_decode_key_val request[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("off", zcbor_uint32_decode, &offset),
	};

	if (zcbor_map_decode_bulk(context->reader->zs, request, ARRAY_SIZE(request), &decoded) !=
	    0) {
		return MGMT_ERR_EINVAL;
	}
	return release_smp_send_piece(context, offset);
}

static int release_smp_on_reset(struct smp_streamer *context)
{
	ARG_UNUSED(context);
	mlforge_telemetry_reset();
	return MGMT_ERR_EOK;
}

static int release_smp_on_calibrate(struct smp_streamer *context)
{
#ifdef CONFIG_MLFORGE_CALIBRATION
	bool reset = false;
	size_t decoded;
	struct zcbor_map_decode_key_val request[] = {
		ZCBOR_MAP_DECODE_KEY_DECODER("reset", zcbor_bool_decode, &reset),
	};

	if (zcbor_map_decode_bulk(context->reader->zs, request, ARRAY_SIZE(request), &decoded) !=
	    0) {
		return MGMT_ERR_EINVAL;
	}
	switch (reset ? mlforge_bundle_uncalibrate() : mlforge_bundle_calibrate()) {
	case 0:
		return MGMT_ERR_EOK;
	case -EACCES:
		return release_smp_refuse(context, RELEASE_SMP_ERROR_NOT_ALLOWED);
	case -EAGAIN:
		return release_smp_refuse(context, RELEASE_SMP_ERROR_TOO_EARLY);
	case -ENOTSUP:
		return release_smp_refuse(context, RELEASE_SMP_ERROR_NOT_SUPPORTED);
	default:
		return release_smp_refuse(context, RELEASE_SMP_ERROR_NOT_STORED);
	}
#else
	return release_smp_refuse(context, RELEASE_SMP_ERROR_NOT_ALLOWED);
#endif
}

#ifdef CONFIG_MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL
static int release_smp_translate(uint16_t error)
{
	switch (error) {
	case RELEASE_SMP_ERROR_OFFSET:
		return MGMT_ERR_EINVAL;
	case RELEASE_SMP_ERROR_NOT_PASSED:
	case RELEASE_SMP_ERROR_TOO_EARLY:
	case RELEASE_SMP_ERROR_NOT_ALLOWED:
		return MGMT_ERR_EBADSTATE;
	case RELEASE_SMP_ERROR_NOT_SUPPORTED:
		return MGMT_ERR_ENOTSUP;
	default:
		return MGMT_ERR_EUNKNOWN;
	}
}
#endif

static const struct mgmt_handler release_smp_handlers[] = {
	[RELEASE_SMP_COMMAND_STATE] = {.mh_read = release_smp_on_state},
	[RELEASE_SMP_COMMAND_FACTS] = {.mh_read = release_smp_on_facts},
	[RELEASE_SMP_COMMAND_TELEMETRY] = {.mh_read = release_smp_on_telemetry},
	[RELEASE_SMP_COMMAND_RESET] = {.mh_write = release_smp_on_reset},
	[RELEASE_SMP_COMMAND_CALIBRATE] = {.mh_write = release_smp_on_calibrate},
};

static struct mgmt_group release_smp_group = {
	.mg_handlers = release_smp_handlers,
	.mg_handlers_count = ARRAY_SIZE(release_smp_handlers),
	.mg_group_id = CONFIG_MLFORGE_SMP_GROUP,
#ifdef CONFIG_MCUMGR_SMP_SUPPORT_ORIGINAL_PROTOCOL
	.mg_translate_error = release_smp_translate,
#endif
};

static void release_smp_register_group(void)
{
	mgmt_register_group(&release_smp_group);
}

MCUMGR_HANDLER_DEFINE(mlforge, release_smp_register_group);
