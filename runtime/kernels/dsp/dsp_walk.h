/* SPDX-License-Identifier: Apache-2.0
 *
 * What the walks over planes have in common in assembly. They are assembly, as compilers spill what
 * just fits into fourteen registers. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_DSP_WALK_H_
#define MLFORGE_KERNELS_DSP_WALK_H_

#include <stddef.h>

#include "dsp_planes.h"

#if MLFORGE_DSP

/* What the assembly counts on. */
#define MLFORGE_PLANE_AT(field, offset)                                                            \
	_Static_assert(offsetof(struct mlforge_dsp_plane, field) == (offset),                      \
		       "the assembly's " #field)
MLFORGE_PLANE_AT(channel, 8);
MLFORGE_PLANE_AT(zero_point, 20);
MLFORGE_PLANE_AT(taps, 28);
MLFORGE_PLANE_AT(row_bytes, 44);
MLFORGE_PLANE_AT(x, 48);
MLFORGE_PLANE_AT(columns, 56);
MLFORGE_PLANE_AT(x_advance, 64);
MLFORGE_PLANE_AT(weights, 80);
MLFORGE_PLANE_AT(kernel_rows, 84);
MLFORGE_PLANE_AT(words, 88);
MLFORGE_PLANE_AT(kernel_row_advance, 92);
MLFORGE_PLANE_AT(word_bytes, 96);
MLFORGE_PLANE_AT(column_bytes, 100);
MLFORGE_PLANE_AT(left, 104);

/* A sum to int8: mlforge_dsp_requantise. r4 is the factor, r5 the power, r6 the zero point. With a
 * zero point of -128 the correction for negative sums may be left out: these become -128 either
 * way. */
#define MLFORGE_FINISH_RELU(sum, temporary)                                                        \
	"smmlar " sum ", " sum ", r4, " sum "\n" MLFORGE_FINISH_END(sum)
#define MLFORGE_FINISH_ANY(sum, temporary)                                                         \
	"add " temporary ", " sum ", " sum ", asr #31\n"                                           \
	"smmlar " sum ", " sum ", r4, " temporary "\n" MLFORGE_FINISH_END(sum)
#define MLFORGE_FINISH_END(sum)                                                                    \
	"smmlar " sum ", " sum ", r5, r6\n"                                                        \
	"ssat " sum ", #8, " sum "\n"

#define MLFORGE_LOAD_FINISH                                                                        \
	"ldrd r4, r5, [r0, #12]\n"                                                                 \
	"ldrd r6, r7, [r0, #20]\n"

#define MLFORGE_WALK(name)                                                                         \
	__attribute__((naked)) void name(const struct mlforge_window *window                       \
					 __attribute__((unused)),                                  \
					 struct mlforge_dsp_plane *plane __attribute__((unused)))

#endif

#endif /* MLFORGE_KERNELS_DSP_WALK_H_ */
