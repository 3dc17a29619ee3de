/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BROKEN_H_
#define BROKEN_H_

#include "mlforge/model.h"

extern const struct mlforge_model broken_model;

#endif /* BROKEN_H_ */
