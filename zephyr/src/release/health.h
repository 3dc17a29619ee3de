/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether the application around a sound bundle is well.
 */
#ifndef MLFORGE_RELEASE_HEALTH_H_
#define MLFORGE_RELEASE_HEALTH_H_

#include <mlforge/release.h>

/* NONE with *settled where all is well; NONE without it while something is not known yet.
 *
 * stack_unused_bytes  of the checking thread's own stack */
struct mlforge_finding mlforge_health(size_t stack_unused_bytes, bool *settled);

/* What to say of the sensors and checks that have not settled when the time is over. */
struct mlforge_finding mlforge_health_unsettled(void);

#endif /* MLFORGE_RELEASE_HEALTH_H_ */
