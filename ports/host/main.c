/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the attached model, or its features, natively: `infer IN OUT` maps input vectors to output
 * vectors, `extract IN OUT` raw frames to model inputs. Files hold the plain bytes one after the
 * other; numbers are in the host's order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"

static int fail(const char *reason)
{
	(void)fprintf(stderr, "%s\n", reason);
	return EXIT_FAILURE;
}

/* Reads the model's inputs into the arena. Returns 1 for a whole vector, 0 at the end of the file.
 */
static int read_vector(FILE *in)
{
	const struct mlforge_model *model = mlforge_app.model;

	for (uint8_t i = 0; i < model->inputs_count; i++) {
		if (fread(mlforge_app.arena + model->inputs[i].offset, model->inputs[i].bytes, 1,
			  in) != 1) {
			return 0;
		}
	}
	return 1;
}

static int infer(FILE *in, FILE *out)
{
	const struct mlforge_model *model = mlforge_app.model;

	if (model == NULL) {
		return fail("no model");
	}
	mlforge_model_reset(
		model, mlforge_app.arena); /* vectors follow one another, as they do on a device */
	while (read_vector(in)) {
		model->invoke(mlforge_app.arena);
		for (uint8_t i = 0; i < model->outputs_count; i++) {
			if (fwrite(mlforge_app.arena + model->outputs[i].offset,
				   model->outputs[i].bytes, 1, out) != 1) {
				return fail("cannot write the outputs");
			}
		}
	}
	return EXIT_SUCCESS;
}

/* True when there is a model input. */
static bool push(const struct mlforge_app_pipeline *app, const int32_t *frame)
{
	bool ready;

	if (app->push != NULL) {
		return app->push(app->pipeline, frame);
	}
	(void)app->push_block(app->pipeline, frame, MLFORGE_SAMPLES_INT32, 1, &ready);
	return ready;
}

static int extract(FILE *in, FILE *out)
{
	const struct mlforge_app_pipeline *app = mlforge_app.pipeline;

	if (app == NULL) {
		return fail("no feature pipeline");
	}
	const size_t length = app->frame_length(app->pipeline);
	const size_t bytes = app->output_bytes(app->pipeline);
	int32_t *const frame = malloc(length * sizeof(*frame));
	int8_t *const input = malloc(bytes);
	int status = frame == NULL || input == NULL ? fail("out of memory") : EXIT_SUCCESS;

	app->reset(app->pipeline);
	while (status == EXIT_SUCCESS && fread(frame, sizeof(*frame), length, in) == length) {
		if (push(app, frame)) {
			app->read(app->pipeline, input);
			if (fwrite(input, bytes, 1, out) != 1) {
				status = fail("cannot write the features");
			}
		}
	}
	free(frame);
	free(input);
	return status;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "frame-length") == 0) {
		printf("%u %u\n",
		       mlforge_app.pipeline
			       ? mlforge_app.pipeline->frame_length(mlforge_app.pipeline->pipeline)
			       : 0U,
		       mlforge_app.pipeline
			       ? mlforge_app.pipeline->output_bytes(mlforge_app.pipeline->pipeline)
			       : 0U);
		return EXIT_SUCCESS;
	}
	if (argc != 4) {
		return fail("usage: infer|extract IN OUT, or frame-length");
	}
	FILE *const in = fopen(argv[2], "rb");
	FILE *const out = fopen(argv[3], "wb");
	int status;

	if (in == NULL || out == NULL) {
		return fail("cannot open the files");
	}
	status = strcmp(argv[1], "extract") == 0 ? extract(in, out) : infer(in, out);
	(void)fclose(in);
	return fclose(out) == 0 ? status : fail("cannot write the results");
}
