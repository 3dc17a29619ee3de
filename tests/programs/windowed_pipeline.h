/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WINDOWED_PIPELINE_H_
#define WINDOWED_PIPELINE_H_

#include "mlforge/features.h"

extern const struct mlforge_pipeline windowed_pipeline;

#endif /* WINDOWED_PIPELINE_H_ */
