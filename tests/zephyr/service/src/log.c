/* SPDX-License-Identifier: Apache-2.0
 *
 * What the log says of the services, now and then by itself: a backend of our own listens in.
 */
#include <string.h>
#include <zephyr/logging/log_backend.h>
#include <zephyr/logging/log_ctrl.h>
#include <zephyr/sys/cbprintf.h>
#include <zephyr/ztest.h>

#include "fake.h"

static char line[200];
static size_t length;
static int periodic_lines;

static int take(int character, void *context)
{
	ARG_UNUSED(context);
	if (length < sizeof(line) - 1) {
		line[length++] = (char)character;
	}
	return 0;
}

static void process(const struct log_backend *const backend, union log_msg_generic *message)
{
	size_t package_bytes;

	ARG_UNUSED(backend);
	length = 0;
	(void)cbpprintf(take, NULL, log_msg_get_package(&message->log, &package_bytes));
	line[length] = 0;
	periodic_lines += strstr(line, "narrow_service: inferences ") && strstr(line, ", late ");
	periodic_lines += strstr(line, "narrow_service: frames ") && strstr(line, ", stack ");
}

static void panic(const struct log_backend *const backend)
{
	ARG_UNUSED(backend);
}

static const struct log_backend_api api = {.process = process, .panic = panic};

LOG_BACKEND_DEFINE(listening_in, api, true);

ZTEST(log, test_statistics_come_by_themselves)
{
	const int before = periodic_lines;

	k_sleep(K_MSEC(1000 * CONFIG_MLFORGE_STATS_LOG_INTERVAL_S + 500));
	zassert_between_inclusive(periodic_lines - before, 2, 4, "%d lines",
				  periodic_lines - before);
}

ZTEST_SUITE(log, NULL, NULL, NULL, NULL, NULL);
