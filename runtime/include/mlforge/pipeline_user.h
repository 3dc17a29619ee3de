/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The stage that runs a function of the application's. Included by mlforge/pipeline.h.
 */
#ifndef MLFORGE_PIPELINE_USER_H_
#define MLFORGE_PIPELINE_USER_H_

#include "mlforge/user_stage.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlforge_stage;

/** @brief In: int16 or int32 [rows][channels]; out: int32. State: `state_bytes`, or none. */
struct mlforge_user {
	mlforge_user_function function;
	uint32_t rows;
	uint32_t channels;
	uint32_t state_bytes;
	int32_t frac_bits; /**< of the input */
	uint8_t wide;
};
uint32_t mlforge_user_process(const struct mlforge_stage *stage, const void *input, uint32_t count,
			      void *output);
void mlforge_user_reset(const struct mlforge_stage *stage);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_PIPELINE_USER_H_ */
