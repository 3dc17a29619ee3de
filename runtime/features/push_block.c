/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks of samples into an instance. Whoever watches it may have to see, and to correct, every
 * frame; else the features read the block where it lies.
 */
#include "mlforge/instance.h"
#include "features/samples.h"

static uint32_t mlforge_take_watched(const struct mlforge_instance *instance, const void *frames,
				     enum mlforge_samples samples, uint32_t count, bool *complete)
{
	const struct mlforge_supervisor *supervisor = instance->supervisor;
	const uint32_t frame_bytes =
		mlforge_features_frame_length(instance->features) * mlforge_sample_bytes(samples);
	const uint8_t *from = frames;
	uint32_t taken = 0;

	while (taken < count && !*complete) {
		*complete = mlforge_features_push(instance->features,
						  supervisor->frame(supervisor, from, samples));
		from += frame_bytes;
		taken++;
	}
	return taken;
}

uint32_t mlforge_take_block(const struct mlforge_instance *instance, const void *frames,
			    enum mlforge_samples samples, uint32_t count, bool *complete)
{
	const struct mlforge_supervisor *supervisor = instance->supervisor;

	*complete = false;
	if (supervisor != NULL && !supervisor->passes(supervisor)) {
		return mlforge_take_watched(instance, frames, samples, count, complete);
	}
	return mlforge_features_push_block(instance->features, frames, samples, count, complete);
}

uint32_t mlforge_push_block(const struct mlforge_instance *instance, const void *frames,
			    enum mlforge_samples samples, uint32_t count, bool *inferred)
{
	bool complete;
	const uint32_t taken = mlforge_take_block(instance, frames, samples, count, &complete);

	*inferred = false;
	if (complete) {
		mlforge_features_read(instance->features, mlforge_input(instance, 0));
		*inferred = mlforge_infer(instance);
	}
	return taken;
}
