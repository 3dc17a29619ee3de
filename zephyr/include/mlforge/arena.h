/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Where the arena of a model lies.
 *
 * The size comes from the compiler, the place from devicetree, else from Kconfig.
 */
#ifndef MLFORGE_ARENA_H_
#define MLFORGE_ARENA_H_

#include <mlforge/model.h>
#include <zephyr/app_memory/app_memdomain.h>
#include <zephyr/devicetree.h>
#include <zephyr/linker/devicetree_regions.h>
#include <zephyr/linker/section_tags.h>
#include <zephyr/sys/util.h>
#include <zephyr/toolchain.h>

#if defined(CONFIG_MLFORGE_USERSPACE)
#define MLFORGE_ARENA_SECTION_DEFAULT K_APP_BMEM(mlforge_partition)
#elif defined(CONFIG_MLFORGE_ARENA_DTCM)
#define MLFORGE_ARENA_SECTION_DEFAULT __dtcm_noinit_section
#else
#define MLFORGE_ARENA_SECTION_DEFAULT __noinit
#endif

/* Where a model stands in for the application's own, the measuring firmware has its arena, too. */
#ifndef MLFORGE_ARENA_LINKAGE
#define MLFORGE_ARENA_LINKAGE static
#endif

/**
 * @brief Defines `static uint8_t name_arena[bytes]`, not initialised and not in the image.
 *
 * `node` is the devicetree node of the model, which need not exist.
 */
#define MLFORGE_ARENA_DEFINE(name, node, bytes)                                                                          \
	BUILD_ASSERT((bytes) > 0, "the arena of " STRINGIFY(name) " is empty");                                          \
	IF_ENABLED(DT_NODE_HAS_PROP(node, arena_memory),                                                               \
		   (BUILD_ASSERT((bytes) <= DT_REG_SIZE(DT_PHANDLE(node, arena_memory)),                               \
				 "the arena of " STRINGIFY(name) " does not fit into its arena-memory");)) \
	MLFORGE_ARENA_LINKAGE uint8_t name##_arena[bytes] __aligned(MLFORGE_ARENA_ALIGN)                                 \
	COND_CODE_1(DT_NODE_HAS_PROP(node, arena_memory),                                                      \
			    (Z_GENERIC_SECTION(LINKER_DT_NODE_REGION_NAME(DT_PHANDLE(node, arena_memory)))),           \
			    (MLFORGE_ARENA_SECTION_DEFAULT))

#endif /* MLFORGE_ARENA_H_ */
