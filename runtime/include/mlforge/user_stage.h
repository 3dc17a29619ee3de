/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief For feature stages of the application's own.
 *
 * The contract's `features: [{user: {file, function}}]` names a C file and a function of this type.
 * The host that trains and the device run the same text. It computes with whole numbers, so that
 * both find the same ones; it allocates nothing, and keeps nothing but `state`.
 */
#ifndef MLFORGE_USER_STAGE_H_
#define MLFORGE_USER_STAGE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @brief What a stage is given: a frame, a column, or a sample of each channel (rows = 1). */
struct mlforge_user_block {
	const void *values; /**< [rows][channels] */
	uint32_t rows;
	uint32_t channels;
	int32_t frac_bits; /**< a value v stands for v / 2^frac_bits */
	uint8_t wide;      /**< values are int32, else int16 */
};

static inline int32_t mlforge_user_value(const struct mlforge_user_block *block, uint32_t row,
					 uint32_t channel)
{
	const uint32_t at = row * block->channels + channel;

	return block->wide ? ((const int32_t *)block->values)[at]
			   : ((const int16_t *)block->values)[at];
}

/**
 * @brief The application's function.
 *
 * @param block what the stage before makes
 * @param made int32 [makes][channels], all of which the function writes
 * @param state the contract's `state` bytes, aligned to 8, all zero after a reset; NULL for none
 */
typedef void (*mlforge_user_function)(const struct mlforge_user_block *block, int32_t *made,
				      void *state);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_USER_STAGE_H_ */
