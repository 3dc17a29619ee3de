/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MOTION_MODEL_H_
#define MOTION_MODEL_H_

#include "mlforge/model.h"

#define MOTION_ARENA_BYTES  16
#define MOTION_INPUT_BYTES  8
#define MOTION_OUTPUT_BYTES 4

extern const struct mlforge_model motion_model;

#endif /* MOTION_MODEL_H_ */
