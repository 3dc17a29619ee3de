/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds a file of frames (int32, host order) to an emitted pipeline, as an application would, and
 * writes each model input. Runs twice: a reset must leave nothing behind.
 */
#include <stdio.h>

#include PIPELINE_HEADER

static int8_t input[1 << 16];

static int feed(const char *frames_path, const char *inputs_path)
{
	FILE *frames = fopen(frames_path, "rb");
	FILE *inputs = fopen(inputs_path, "wb");
	int32_t frame[64];
	const size_t length = mlforge_features_frame_length(&PIPELINE);
	const size_t bytes = mlforge_features_output_bytes(&PIPELINE);

	if (!frames || !inputs || length > sizeof(frame) / sizeof(frame[0]) ||
	    bytes > sizeof(input)) {
		return 1;
	}
	while (fread(frame, sizeof(frame[0]), length, frames) == length) {
		if (mlforge_features_push(&PIPELINE, frame)) {
			mlforge_features_read(&PIPELINE, input);
			if (fwrite(input, 1, bytes, inputs) != bytes) {
				return 1;
			}
		}
	}
	return fclose(frames) || fclose(inputs);
}

int main(int argc, char **argv)
{
	if (argc != 3 || feed(argv[1], argv[2])) {
		return 1;
	}
	mlforge_features_reset(&PIPELINE);
	return feed(argv[1], argv[2]);
}
