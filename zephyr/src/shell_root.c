/* SPDX-License-Identifier: Apache-2.0
 *
 * The command `mlforge`, whose subcommands are in the files that they are about.
 */
#include <zephyr/shell/shell.h>

SHELL_SUBCMD_SET_CREATE(mlforge_commands, (mlforge));
SHELL_CMD_REGISTER(mlforge, &mlforge_commands, "Models, their services, and the release", NULL);
