/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOTION_PIPELINE_H_
#define MOTION_PIPELINE_H_

#include "mlforge/features.h"

#define MOTION_PIPELINE_FRAME_LENGTH  4
#define MOTION_PIPELINE_FRAC_BITS     16
#define MOTION_PIPELINE_OUTPUT_BYTES  8
#define MOTION_PIPELINE_WINDOW_FRAMES 2
#define MOTION_PIPELINE_HOP_FRAMES    1

extern const struct mlforge_pipeline motion_pipeline;

#endif /* MOTION_PIPELINE_H_ */
