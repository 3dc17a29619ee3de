/* SPDX-License-Identifier: Apache-2.0
 *
 * Kernels that move values without looking at them, resize pictures, and convert between types.
 * Part of mlforge/kernels.h, whose conventions hold here and which includes this file; include that
 * one.
 */
#ifndef MLFORGE_KERNELS_MOVEMENT_H_
#define MLFORGE_KERNELS_MOVEMENT_H_

#include "mlforge/kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MLFORGE_COPY_RANK 5

/* Runs of bytes from one strided arrangement into another: TRANSPOSE, SLICE, STRIDED_SLICE, SPLIT,
 * PACK, UNPACK, CONCATENATION, BROADCAST_TO and FILL. The outermost dimension comes first; unused
 * ones have count 1. Steps are bytes. Runs are copied in the order of the dimensions. */
struct mlforge_copy {
	uint32_t run;         /* bytes that lie together on both sides */
	uint32_t input_start; /* bytes before the first run */
	uint32_t output_start;
	uint32_t count[MLFORGE_COPY_RANK];
	int32_t input_step[MLFORGE_COPY_RANK];
	int32_t output_step[MLFORGE_COPY_RANK];
};

void mlforge_copy(const struct mlforge_copy *op, const int8_t *input, int8_t *output);

/* GATHER: [batches][outer][axis][slice bytes] to [batches][outer][indices][slice bytes]. An index
 * outside of the axis counts as the nearest inside. `indices` is int32_t[batches][indices], 4-byte
 * aligned. */
struct mlforge_gather {
	uint32_t batches;
	uint32_t outer;
	uint32_t axis;
	uint32_t indices;
	uint32_t slice_bytes;
};

void mlforge_gather(const struct mlforge_gather *op, const int8_t *input, const void *indices,
		    int8_t *output);

/* RESIZE_NEAREST_NEIGHBOR: output pixel (y, x) is input pixel (rows[y], columns[x]). */
struct mlforge_resize_nearest {
	uint16_t input_width;
	uint16_t output_height;
	uint16_t output_width;
	uint32_t pixel_bytes;
	const int16_t *rows;    /* [output_height] */
	const int16_t *columns; /* [output_width] */
};

void mlforge_resize_nearest(const struct mlforge_resize_nearest *op, const int8_t *input,
			    int8_t *output);

/* RESIZE_BILINEAR. For each output position along an axis three numbers: two input positions, and
 * the weight of the second in 1024ths, -512 to 1024; the first has the rest. */
struct mlforge_resize_bilinear {
	uint16_t input_width;
	uint16_t output_height;
	uint16_t output_width;
	uint16_t channels;
	const int16_t *rows;    /* [output_height][3] */
	const int16_t *columns; /* [output_width][3] */
};

void mlforge_resize_bilinear_s8(const struct mlforge_resize_bilinear *op, const int8_t *input,
				int8_t *output);

/* QUANTIZE of floats: `clamp(round(x / scale) + zero_point)`, halves away from zero; not-a-number
 * counts as 0. `input` is float, 4-byte aligned; `output` int8_t, or int16_t (2-byte aligned). */
struct mlforge_quantize {
	uint32_t count;
	float scale;
	int32_t zero_point;
};

void mlforge_quantize_f32_s8(const struct mlforge_quantize *op, const void *input, void *output);
void mlforge_quantize_f32_s16(const struct mlforge_quantize *op, const void *input, void *output);

/* MLFORGE_SCALE_FEATURES: QUANTIZE with a scale of its own for each element,
 * `clamp(round((x - offset) / step))`. Types are those of QUANTIZE. */
struct mlforge_scale_features {
	uint32_t count;
	const int32_t *features; /* [count][2], the bits of floats: offset, step */
};

void mlforge_scale_features_s8(const struct mlforge_scale_features *op, const void *input,
			       void *output);
void mlforge_scale_features_s16(const struct mlforge_scale_features *op, const void *input,
				void *output);

/* DEQUANTIZE: `scale * (q - zero_point)`, rounded to float. `output` is float, 4-byte aligned;
 * `input` int8_t, or int16_t (2-byte aligned). */
void mlforge_dequantize_s8_f32(const struct mlforge_quantize *op, const void *input, void *output);
void mlforge_dequantize_s16_f32(const struct mlforge_quantize *op, const void *input, void *output);

/* QUANTIZE between integers of 1, 2 and 4 bytes, each aligned to its size:
 * `clamp(requantise(x - input_zero_point) + output_zero_point)`. */
struct mlforge_requantize {
	uint32_t count;
	uint8_t input_bytes;
	uint8_t output_bytes;
	int8_t shift;
	int32_t multiplier;
	int32_t input_zero_point;
	int32_t output_zero_point;
};

void mlforge_requantize(const struct mlforge_requantize *op, const void *input, void *output);

/* CAST: the same numbers in another type; types are those of enum mlforge_type, without uint8. */
struct mlforge_cast {
	uint32_t count;
	uint8_t from;
	uint8_t to;
};

void mlforge_cast(const struct mlforge_cast *op, const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_MOVEMENT_H_ */
