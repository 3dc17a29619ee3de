/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the arena of a model lies. The size comes from the compiler, the place from devicetree or Kconfig.
 */
#ifndef MLFORGE_ARENA_H_
#define MLFORGE_ARENA_H_

#include <mlforge/model.h>
#include <zephyr/linker/section_tags.h>
#include <zephyr/sys/util.h>
#include <zephyr/toolchain.h>

/* Defines `static uint8_t name_arena[bytes]`, not initialised and not in the image. */
#define MLFORGE_ARENA_DEFINE(name, bytes)                                                                    \
	BUILD_ASSERT((bytes) > 0, "the arena of " STRINGIFY(name) " is empty");                              \
	static uint8_t name##_arena[bytes] __aligned(MLFORGE_ARENA_ALIGN) __noinit

#endif /* MLFORGE_ARENA_H_ */
