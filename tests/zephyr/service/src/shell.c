/* SPDX-License-Identifier: Apache-2.0
 *
 * What the shell says of the services.
 */
#include <string.h>
#include <zephyr/shell/shell.h>
#include <zephyr/shell/shell_dummy.h>
#include <zephyr/ztest.h>

#include "fake.h"

static const char *answer(const char *command)
{
	const struct shell *shell = shell_backend_dummy_get_ptr();
	size_t size;

	WAIT_FOR(shell_ready(shell), 100000, k_msleep(1));
	shell_backend_dummy_clear_output(shell);
	zassert_ok(shell_execute_cmd(shell, command));
	return shell_backend_dummy_get_output(shell, &size);
}

ZTEST(shell, test_stats)
{
	const int8_t input[4] = {1, 2, 3, 4};

	zassert_ok(mlforge_service_submit(&fake_service, input, K_NO_WAIT));
	k_sleep(K_MSEC(50));
	const char *text = answer("mlforge stats");

	zassert_not_null(strstr(text, "fake_service"), "%s", text);
	zassert_not_null(strstr(text, "deadline 2000 us"), "%s", text);
	zassert_not_null(strstr(text, "arena 16 bytes"), "%s", text);
	(void)answer("mlforge reset");
	text = answer("mlforge stats");
	zassert_not_null(strstr(text, "frames 0, refused 0, queued 0 (at most 0 of 4)"), "%s",
			 text);
	zassert_not_null(strstr(text, "inferences 0, late 0, skipped 0, direct 0, gaps 0"), "%s",
			 text);
}

ZTEST_SUITE(shell, NULL, NULL, NULL, NULL, NULL);
