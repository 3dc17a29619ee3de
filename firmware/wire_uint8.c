/* SPDX-License-Identifier: Apache-2.0
 * See wire.h. */
#include "wire.h"

const struct mlforge_wire mlforge_wire_uint8 = {
	.offset = 128,
	.width = 1,
};
