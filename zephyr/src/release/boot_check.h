/* SPDX-License-Identifier: Apache-2.0
 *
 * The bundle of this image: whether there is one, which, and whether it is sound.
 */
#ifndef MLFORGE_RELEASE_BOOT_CHECK_H_
#define MLFORGE_RELEASE_BOOT_CHECK_H_

#include <mlforge/release.h>

/* Whether the image carries a bundle at all: not where a model is measured in the place of the
 * bundle's. */
bool mlforge_bundle_present(void);

/* Which bundle it is, before anything is known of it: what its header says. */
struct mlforge_failed mlforge_bundle_identity(void);

/* The block, whose it is, the arena, the self-test. On success mlforge_bundle_contents are the
 * bundle's, and *worst_us is the slowest inference. */
struct mlforge_finding mlforge_boot_check(uint32_t *worst_us);

#endif /* MLFORGE_RELEASE_BOOT_CHECK_H_ */
