/* SPDX-License-Identifier: Apache-2.0
 *
 * From floats to whole numbers, with an answer for every float. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_WHOLE_H_
#define MLFORGE_KERNELS_WHOLE_H_

#include <stdint.h>

/* Any result this large is clamped, whatever the zero point. */
#define MLFORGE_LARGE 262144.0f

/* Rounded, halves away from zero; what is no number counts as 0. */
static inline int32_t mlforge_whole(float scaled)
{
	int32_t whole = 0;

	if (scaled >= MLFORGE_LARGE) {
		whole = (int32_t)MLFORGE_LARGE;
	} else if (scaled <= -MLFORGE_LARGE) {
		whole = -(int32_t)MLFORGE_LARGE;
	} else if (scaled > -MLFORGE_LARGE && scaled < MLFORGE_LARGE) {
		whole = (int32_t)scaled;
		const float rest = scaled - (float)whole; /* exact */

		whole += (rest >= 0.5f) - (rest <= -0.5f);
	}
	return whole;
}

#endif /* MLFORGE_KERNELS_WHOLE_H_ */
