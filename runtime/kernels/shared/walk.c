/* SPDX-License-Identifier: Apache-2.0
 *
 * The outer loops of kernels with two inputs. They count as an odometer does.
 */
#include "walk.h"

bool mlforge_next_row(const struct mlforge_walk *walk, struct mlforge_place *place)
{
	for (uint32_t d = MLFORGE_WALK_RANK - 1; d-- > 0;) {
		place->offset_1 += walk->step_1[d];
		place->offset_2 += walk->step_2[d];
		if (++place->at[d] < walk->size[d]) {
			return true;
		}
		place->offset_1 -= walk->step_1[d] * walk->size[d];
		place->offset_2 -= walk->step_2[d] * walk->size[d];
		place->at[d] = 0;
	}
	return false;
}
