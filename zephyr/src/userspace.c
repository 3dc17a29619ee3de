/* SPDX-License-Identifier: Apache-2.0
 *
 * The memory partition of the models. What is in it, arena.h and the emitted features say.
 */
#include <mlforge/userspace.h>

K_APPMEM_PARTITION_DEFINE(mlforge_partition);
