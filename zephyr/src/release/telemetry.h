/* SPDX-License-Identifier: Apache-2.0
 *
 * Telemetry records as lines of text.
 */
#ifndef MLFORGE_RELEASE_TELEMETRY_H_
#define MLFORGE_RELEASE_TELEMETRY_H_

#include <stdint.h>
#include <zephyr/sys/util.h>

#ifdef CONFIG_MLFORGE_TELEMETRY
/* Prints a record as lines `mlforge-telemetry OFFSET/TOTAL HEX`. Returns what
 * mlforge_telemetry_encode returned. */
int mlforge_telemetry_lines(void (*print)(void *context, const char *line), void *context);
#endif

/* Logs a record every CONFIG_MLFORGE_TELEMETRY_LOG_INTERVAL_S.
 *
 * due_ms  uptime at which the next one is due */
#if defined(CONFIG_MLFORGE_TELEMETRY) && CONFIG_MLFORGE_TELEMETRY_LOG_INTERVAL_S > 0
void mlforge_telemetry_log_when_due(int64_t *due_ms);
#else
static inline void mlforge_telemetry_log_when_due(int64_t *due_ms)
{
	ARG_UNUSED(due_ms);
}
#endif

#endif /* MLFORGE_RELEASE_TELEMETRY_H_ */
