/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of a sliding window that lies inside the input. Private to runtime/kernels.
 */
#ifndef MLFORGE_KERNELS_WINDOW_H_
#define MLFORGE_KERNELS_WINDOW_H_

#include <stdint.h>

#include "mlforge/kernels.h"

/* Taps begin..end-1 of one axis read inside the input; tap k reads position origin + k * dilation.
 */
struct mlforge_span {
	int32_t origin;
	int32_t begin;
	int32_t end;
};

/* How many taps from the start lie before `limit`: the smallest k in 0..taps with distance <= k *
 * dilation. */
static inline int32_t mlforge_taps_before(int32_t distance, int32_t dilation, int32_t taps)
{
	if (distance <= 0) {
		return 0;
	}
	int32_t k = dilation == 1 ? distance : (distance + dilation - 1) / dilation;

	return k < taps ? k : taps;
}

static inline struct mlforge_span mlforge_span_of(int32_t origin, int32_t dilation, int32_t taps,
						  int32_t size)
{
	struct mlforge_span span = {
		.origin = origin,
		.begin = mlforge_taps_before(-origin, dilation, taps),
		.end = mlforge_taps_before(size - origin, dilation, taps),
	};

	return span;
}

static inline struct mlforge_span mlforge_rows(const struct mlforge_window *window,
					       int32_t output_y)
{
	return mlforge_span_of(output_y * window->stride_height - window->pad_top,
			       window->dilation_height, window->kernel_height,
			       window->input_height);
}

static inline struct mlforge_span mlforge_columns(const struct mlforge_window *window,
						  int32_t output_x)
{
	return mlforge_span_of(output_x * window->stride_width - window->pad_left,
			       window->dilation_width, window->kernel_width, window->input_width);
}

#endif /* MLFORGE_KERNELS_WINDOW_H_ */
