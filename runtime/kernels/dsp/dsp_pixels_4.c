/* SPDX-License-Identifier: Apache-2.0
 *
 * The last four pixels.
 */
#include "dsp_pixels_walk.h"

#if MLFORGE_DSP

#define TWO            MLFORGE_TWO_QUADS(MLFORGE_FOUR)
#define NOTHING(SCALE) ""

MLFORGE_ASSEMBLY void mlforge_dsp_pixels_4(const struct mlforge_dsp_pixels *job MLFORGE_IN_ARGUMENT)
{
	__asm__ volatile(MLFORGE_WALK_PIXELS("mlforge_dsp_enter_4", MLFORGE_FIRST_FOUR,
					     MLFORGE_FOUR, NOTHING, TWO TWO TWO TWO, "4", "92"));
}

#else

void mlforge_dsp_enter_4(struct mlforge_dsp_pixels *job)
{
	(void)job;
}

void mlforge_dsp_pixels_4(const struct mlforge_dsp_pixels *job)
{
	mlforge_dsp_pixels_portable(job, 4);
}

#endif
