/* SPDX-License-Identifier: Apache-2.0
 * The measuring firmware without a model. */
#include "app.h"

const struct mlforge_app mlforge_app = {.name = "", .id = ""};
