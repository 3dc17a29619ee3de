/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole recording at once, for the host: training data go through the very code that the target
 * runs.
 */
#include "mlforge/pipeline.h"
#include "features/samples.h"
#include "features/window.h"

uint32_t mlforge_features_extract(const struct mlforge_pipeline *pipeline, const void *frames,
				  uint32_t count, uint8_t *inputs, uint32_t capacity)
{
	const size_t frame_bytes = pipeline->frame_length * mlforge_sample_bytes(pipeline->samples);
	const size_t bytes = mlforge_features_output_bytes(pipeline);
	const uint8_t *from = frames;
	uint32_t made = 0;

	mlforge_features_reset(pipeline);
	while (count > 0 && made < capacity) {
		bool complete;
		const uint32_t taken = mlforge_features_push_block(
			pipeline, from, pipeline->samples, count, &complete);

		if (complete) {
			mlforge_window_read(&pipeline->collector, &inputs[made * bytes]);
			made++;
		}
		from += taken * frame_bytes;
		count -= taken;
	}
	return made;
}
