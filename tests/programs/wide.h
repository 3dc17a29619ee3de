/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WIDE_H_
#define WIDE_H_

#include "mlforge/model.h"

extern const struct mlforge_model wide_model;

#endif /* WIDE_H_ */
