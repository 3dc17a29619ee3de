/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COUNTED_H_
#define COUNTED_H_

#include "mlforge/model.h"

extern const struct mlforge_model counted_model;

#endif /* COUNTED_H_ */
