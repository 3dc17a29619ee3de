/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolutions for DSP: four channels at a time are brought from channels-last int8 into
 * planes of int16 in scratch, padding included; what differs between kernels is the walk over the
 * windows of one plane. Private to runtime/kernels.
 *
 * The axes of a plane are called rows and columns; which of the picture's they are is the
 * compiler's choice.
 */
#ifndef MLFORGE_KERNELS_DSP_PLANES_H_
#define MLFORGE_KERNELS_DSP_PLANES_H_

#include <stdbool.h>

#include "dsp.h"
#include "dsp_channels.h"
#include "mlforge/kernels.h"

/* One channel, for a number of rows of output. The assembly knows the offsets. */
struct mlforge_dsp_plane {
	uint32_t first_taps[2]; /* 3x3: taps 0 and 1, taps 1 and 2 of the first row */
	struct mlforge_dsp_channel channel;
	int32_t zero_point;
	int32_t output_column; /* bytes from an output to the next in its row */
	uint32_t taps[4];      /* of the other rows */
	int32_t row_bytes;     /* from a row of the plane to the next */
	const int8_t *x;       /* int16, 4-byte aligned: the first row of the first window */
	int8_t *output;
	int32_t columns; /* of output */
	int32_t rows;
	int32_t x_advance; /* from behind a row of windows to the next row; `begin` sets it, like
			      the next one */
	int32_t output_advance;
	int32_t step_bytes; /* from a window to that below it */
	int32_t output_row; /* bytes from an output to that below it */
	uint32_t *weights;  /* words in scratch, for walks that need more than `taps`: they use what
			       follows, too */
	int32_t kernel_rows;
	int32_t words;              /* of weights in a row of the kernel */
	int32_t kernel_row_advance; /* from behind a row of a window to its next one */
	int32_t word_bytes;         /* from the elements of a word to those of the next */
	int32_t column_bytes;       /* from a window to the next in its row */
	int32_t left;               /* columns of output to go */
};

struct mlforge_dsp_walk {
	/* What is the same for all channels. */
	void (*begin)(const struct mlforge_window *window, struct mlforge_dsp_plane *plane);
	/* One channel's weights, from [rows][columns] int8 to what `walk` takes. */
	void (*prepare)(const struct mlforge_window *window, const int8_t *weights,
			struct mlforge_dsp_plane *plane);
	void (*walk)(const struct mlforge_window *window, struct mlforge_dsp_plane *plane);
};

/* `words`: what the walk needs in scratch. */
void mlforge_dsp_planes(const struct mlforge_dsp_depthwise *op, const int8_t *input, int8_t *output,
			uint32_t *scratch, int32_t words, const struct mlforge_dsp_walk *walk);

/* Rows of four channels that go to four planes. The assembly knows the order. */
struct mlforge_dsp_rows {
	const int8_t *from;
	int32_t step;        /* bytes from an element to the next */
	int8_t *to;          /* 4-byte aligned */
	int32_t plane_bytes; /* from a plane to the next */
	int32_t count;       /* of elements in a row */
	uint32_t padding;    /* its value in each byte */
	int32_t from_row;    /* bytes from a row to the next */
	int32_t to_row;
};

/* `rows` rows, at least one. With `is_odd`, an element of padding comes first, and there are at
 * least 3 others. Behind the last one there is padding up to a multiple of four elements. `of` is
 * used up. */
void mlforge_dsp_bring_rows(struct mlforge_dsp_rows *of, int32_t rows, int32_t is_odd);

/* A pair of two small numbers. */
static inline uint32_t mlforge_dsp_pair_of(int32_t low, int32_t high)
{
	return mlforge_pkhbt((uint32_t)low, (uint32_t)high);
}

#endif /* MLFORGE_KERNELS_DSP_PLANES_H_ */
