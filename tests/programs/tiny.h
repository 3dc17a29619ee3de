/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TINY_H_
#define TINY_H_

#include "mlforge/model.h"

extern const struct mlforge_model tiny_model;

#endif /* TINY_H_ */
