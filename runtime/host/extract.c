/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole recording at once, for the host: training data go through the very code that the target
 * runs.
 */
#include "mlforge/pipeline.h"
#include "features/window.h"

uint32_t mlforge_features_extract(const struct mlforge_pipeline *pipeline, const int32_t *frames,
				  uint32_t count, uint8_t *inputs, uint32_t capacity)
{
	const size_t bytes = mlforge_features_output_bytes(pipeline);
	uint32_t made = 0;

	mlforge_features_reset(pipeline);
	for (uint32_t i = 0; i < count && made < capacity; i++) {
		if (mlforge_features_push(pipeline, &frames[(size_t)i * pipeline->frame_length])) {
			mlforge_window_read(&pipeline->collector, &inputs[made * bytes]);
			made++;
		}
	}
	return made;
}
