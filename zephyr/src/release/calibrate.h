/* SPDX-License-Identifier: Apache-2.0
 *
 * The baseline's calibration over the life of a release; nothing without CONFIG_MLFORGE_CALIBRATION
 * but what is stored.
 */
#ifndef MLFORGE_RELEASE_CALIBRATE_H_
#define MLFORGE_RELEASE_CALIBRATE_H_

#include <stdint.h>

/* Takes up the corrections that were stored for this bundle, where there are any. */
void mlforge_calibration_restore(void);

/* Calibrates when the contract's period is over.
 *
 * due_ms  uptime at which it is; 0 at first */
void mlforge_calibrate_when_due(int64_t *due_ms);

#endif /* MLFORGE_RELEASE_CALIBRATE_H_ */
