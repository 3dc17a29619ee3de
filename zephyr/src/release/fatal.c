/* SPDX-License-Identifier: Apache-2.0
 *
 * A fatal error before the confirmation ends in a reset, and so in the release before. Else as
 * Zephyr's own.
 */
#include <zephyr/fatal.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/logging/log_ctrl.h>
#include <zephyr/sys/reboot.h>

#include "state.h"

LOG_MODULE_DECLARE(mlforge_bundle, CONFIG_MLFORGE_LOG_LEVEL);

void k_sys_fatal_error_handler(unsigned int reason, const struct arch_esf *frame)
{
	ARG_UNUSED(frame);
	IF_ENABLED(CONFIG_LOG, (LOG_PANIC();))
	if (!mlforge_confirmed()) {
		LOG_ERR("fatal error, not confirmed: reset, back to the release before");
		sys_reboot(SYS_REBOOT_COLD);
	}
	LOG_ERR("Halting system");
	k_fatal_halt(reason);
}
