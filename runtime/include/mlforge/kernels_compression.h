/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables of weights in few bits: indices into palettes. The generated code unpacks a table into
 * scratch memory in front of the kernel that reads it. See kernels.h.
 */
#ifndef MLFORGE_KERNELS_COMPRESSION_H_
#define MLFORGE_KERNELS_COMPRESSION_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A table of `units` bytes. So many of them as `block` says have palettes of their own. Within a
 * block, `run` units take turns among `inner` palettes, then the next `run` units among the next
 * ones, and behind the last of `count` palettes the first follow again. `inner` divides `count`,
 * and `run` times `count` / `inner` divides `block`. */
struct mlforge_palettes {
	const uint8_t *indices; /* of `bits` bits each, the lowest bits first */
	const int8_t *palettes; /* [units / block][count][colours] */
	uint32_t units;
	uint32_t block;
	uint32_t run;
	uint16_t count;
	uint8_t inner;
	uint8_t bits;    /* 1 to 7 */
	uint8_t colours; /* at most 1 << bits */
	uint8_t pairs;   /* whether units a, b stand for a half-word 256 * b + a */
};

/* table  [units], 4-byte aligned */
void mlforge_unpack(const struct mlforge_palettes *op, uint8_t *table);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_KERNELS_COMPRESSION_H_ */
