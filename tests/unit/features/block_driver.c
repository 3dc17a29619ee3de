/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds a file of frames (int16 or int32, as SAMPLES says, host order) to an emitted pipeline in
 * blocks of many lengths, as drivers do, and writes each model input. Every block is a copy of its
 * own, so that a sanitizer sees what is read beyond it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include PIPELINE_HEADER

static int8_t input[1 << 16];
static uint8_t frames[1 << 20];

static int push(const uint8_t *from, size_t frame_bytes, uint32_t count, FILE *inputs)
{
	const size_t bytes = mlforge_features_output_bytes(&PIPELINE);
	uint8_t *block = malloc(count * frame_bytes);
	uint32_t done = 0;

	if (block == NULL) {
		return 1;
	}
	memcpy(block, from, count * frame_bytes);
	while (done < count) {
		bool complete;
		const uint32_t taken = mlforge_features_push_block(
			&PIPELINE, block + done * frame_bytes, SAMPLES, count - done, &complete);

		if (taken == 0 || taken > count - done) {
			return 1;
		}
		done += taken;
		if (complete) {
			mlforge_features_read(&PIPELINE, input);
			if (fwrite(input, 1, bytes, inputs) != bytes) {
				return 1;
			}
		}
	}
	free(block);
	return 0;
}

int main(int argc, char **argv)
{
	const size_t frame_bytes = mlforge_features_frame_length(&PIPELINE) *
				   (SAMPLES == MLFORGE_SAMPLES_INT16 ? 2U : 4U);
	FILE *in = argc == 3 ? fopen(argv[1], "rb") : NULL;
	FILE *out = argc == 3 ? fopen(argv[2], "wb") : NULL;
	uint32_t state = 1;
	size_t at = 0;

	if (in == NULL || out == NULL) {
		return 1;
	}
	const size_t count = fread(frames, frame_bytes, sizeof(frames) / frame_bytes, in);

	while (at < count) {
		state = state * 1103515245U + 12345U;
		size_t length = 1U + (state >> 16) % 700U;

		length = length < count - at ? length : count - at;
		if (push(&frames[at * frame_bytes], frame_bytes, (uint32_t)length, out)) {
			return 1;
		}
		at += length;
	}
	return fclose(in) || fclose(out);
}
