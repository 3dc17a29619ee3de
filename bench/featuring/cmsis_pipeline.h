/* SPDX-License-Identifier: Apache-2.0
 * The peer's pipeline, by hand: frames of 480 samples, 320 apart, to ten coefficients by
 * arm_mfcc_q15.
 */
#ifndef CMSIS_PIPELINE_H_
#define CMSIS_PIPELINE_H_

#include "mlforge/features.h"

#define PEER_PIPELINE_INT16 1

extern const struct mlforge_pipeline peer_pipeline;

#endif /* CMSIS_PIPELINE_H_ */
