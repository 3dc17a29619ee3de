/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief An inference one operator at a time, for applications without threads that have a watchdog
 * to feed or an input to poll in between.
 *
 * The generated header of a model declares its struct mlforge_steps; an application that does not
 * use it pays nothing for it, as the linker leaves it out.
 */
#ifndef MLFORGE_STEPS_H_
#define MLFORGE_STEPS_H_

#include "mlforge/instance.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Runs the next operator of an inference.
 *
 * Between the first call and the last, nobody may write the arena or run another inference in it.
 * The inference's latency is what its calls take together; the longest of them is the model's
 * slowest operator, which `west mlforge run` shows.
 *
 * @param instance of the model, with all its inputs written before the first call. One that is
 *                 watched (instance->supervisor) runs all operators in one call, because the
 *                 supervisor times whole inferences
 * @param steps    of the same model
 * @param next     0 before the first call, and again after the last one. Kept by the caller
 * @param result   set with the last operator: what mlforge_infer would have returned
 *
 * @return true when that was the last operator.
 */
static inline bool mlforge_invoke_step(const struct mlforge_instance *instance,
				       const struct mlforge_steps *steps, uint16_t *next,
				       bool *result)
{
	if (instance->supervisor != NULL) {
		*next = 0;
		*result = mlforge_infer(instance);
		return true;
	}
	if (*next < steps->count) {
		steps->run[(*next)++](instance->arena);
	}
	if (*next < steps->count) {
		return false;
	}
	*next = 0;
	*result = mlforge_conclude(instance);
	return true;
}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_STEPS_H_ */
