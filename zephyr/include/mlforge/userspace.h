/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief Models for threads in user mode, with CONFIG_MLFORGE_USERSPACE=y.
 */
#ifndef MLFORGE_USERSPACE_H_
#define MLFORGE_USERSPACE_H_

#include <zephyr/app_memory/app_memdomain.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The arenas and the features' state of all models.
 *
 * Add it to the memory domain of a user thread (k_mem_domain_add_partition); mlforge_push,
 * mlforge_push_block and mlforge_infer then work in it.
 */
extern struct k_mem_partition mlforge_partition;

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_USERSPACE_H_ */
