/* SPDX-License-Identifier: Apache-2.0
 *
 * `mlforge stats` and `mlforge reset`.
 */
#include <mlforge/service.h>
#include <zephyr/shell/shell.h>
#ifdef CONFIG_MLFORGE_SENSOR
#include <mlforge/sensor.h>
#endif

static void service_cmd_print_sensors(const struct shell *shell)
{
#ifdef CONFIG_MLFORGE_SENSOR
	STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
		struct mlforge_sensor_stats now;

		mlforge_sensor_stats(sensor, &now);
		shell_print(shell, "%s", sensor->name);
		shell_print(shell, "  frames %u, refused %u, errors %u (last %d), missed %u",
			    now.frames, now.refused, now.errors, now.last_error, now.missed);
	}
#else
	ARG_UNUSED(shell);
#endif
}

static void service_cmd_reset_sensors(void)
{
#ifdef CONFIG_MLFORGE_SENSOR
	STRUCT_SECTION_FOREACH(mlforge_sensor, sensor) {
		mlforge_sensor_reset_stats(sensor);
	}
#endif
}

static int service_cmd_stats(const struct shell *shell, size_t count, char **words)
{
	ARG_UNUSED(count);
	ARG_UNUSED(words);
	STRUCT_SECTION_FOREACH(mlforge_service, service) {
		struct mlforge_stats now;

		mlforge_service_stats(service, &now);
		shell_print(shell, "%s", service->name);
		shell_print(shell, "  frames %u, refused %u, queued %u (at most %u of %u)",
			    now.submitted, now.refused, now.queued, now.most_queued,
			    now.queue_length);
		shell_print(shell, "  inferences %u, late %u, skipped %u, direct %u, gaps %u",
			    now.inferences, now.late, now.skipped, now.direct, now.gaps);
		shell_print(shell, "  worst latency %u us, deadline %u us, worst inference %u us",
			    now.worst_latency_us, now.deadline_us, now.worst_inference_us);
		shell_print(shell, "  arena %u bytes, stack %u of %u bytes used", now.arena_bytes,
			    now.stack_bytes - now.stack_unused_bytes, now.stack_bytes);
	}
	service_cmd_print_sensors(shell);
	return 0;
}

static int service_cmd_reset(const struct shell *shell, size_t count, char **words)
{
	ARG_UNUSED(shell);
	ARG_UNUSED(count);
	ARG_UNUSED(words);
	STRUCT_SECTION_FOREACH(mlforge_service, service) {
		mlforge_service_reset_stats(service);
	}
	service_cmd_reset_sensors();
	return 0;
}

SHELL_SUBCMD_ADD((mlforge), stats, NULL, "What each service has done since boot or reset",
		 service_cmd_stats, 1, 0);
SHELL_SUBCMD_ADD((mlforge), reset, NULL, "Start counting afresh", service_cmd_reset, 1, 0);
