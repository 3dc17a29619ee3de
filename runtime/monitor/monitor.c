/* SPDX-License-Identifier: Apache-2.0
 *
 * The way of a frame and of an inference through the monitor, and what it counts on it.
 */
#include <string.h>

#include "decision/settle.h"
#include "monitor.h"

#define MOST_VALUES (1U << 31)

static uint32_t mlforge_monitor_bins_of(const struct mlforge_monitor *monitor)
{
	return MLFORGE_SCORE_BINS(monitor->task);
}

static void mlforge_monitor_clear_statistics(const struct mlforge_monitor *monitor)
{
	struct mlforge_monitor_state *state = monitor->state;

	state->inferences = 0;
	state->windows = 0;
	state->alarms = 0;
	state->values = 0;
	memset(monitor->moments, 0, monitor->channels * sizeof(*monitor->moments));
	memset(monitor->score_counts, 0,
	       mlforge_monitor_bins_of(monitor) * sizeof(*monitor->score_counts));
	if (monitor->classes > 0) {
		memset(monitor->class_counts, 0, monitor->classes * sizeof(*monitor->class_counts));
	}
}

void mlforge_monitor_begin(const struct mlforge_monitor *monitor)
{
	mlforge_monitor_uncalibrate(monitor);
	mlforge_monitor_forget(monitor);
	mlforge_monitor_reset(monitor);
	monitor->state->allowed = true;
}

void mlforge_monitor_reset(const struct mlforge_monitor *monitor)
{
	mlforge_monitor_lock(monitor);
	mlforge_monitor_clear_statistics(monitor);
	mlforge_monitor_unlock(monitor);
}

void mlforge_monitor_forget(const struct mlforge_monitor *monitor)
{
	mlforge_monitor_lock(monitor);
	if (monitor->instance->decision != NULL) {
		mlforge_decision_reset(monitor->instance->decision);
	}
	mlforge_decider_begin(&monitor->state->decider,
			      monitor->task == MLFORGE_TASK_ANOMALY ? 0 : MLFORGE_NO_DECISION);
	monitor->state->error_q16 = 0;
	mlforge_monitor_unlock(monitor);
}

static void mlforge_monitor_age_counts(uint32_t *counts, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		counts[i] /= 2;
	}
}

/* What comes counts for more than what was long ago: half of all is forgotten whenever there is
 * much. */
static void mlforge_monitor_age(const struct mlforge_monitor *monitor)
{
	struct mlforge_monitor_state *state = monitor->state;

	if (state->windows < monitor->most_windows && state->values < MOST_VALUES) {
		return;
	}
	state->windows /= 2;
	state->alarms /= 2;
	state->values /= 2;
	mlforge_monitor_age_counts(monitor->class_counts, monitor->classes);
	mlforge_monitor_age_counts(monitor->score_counts, mlforge_monitor_bins_of(monitor));
	for (uint16_t i = 0; i < monitor->channels; i++) {
		mlforge_moments_age(&monitor->moments[i]);
	}
}

static void mlforge_monitor_age_references(const struct mlforge_monitor *monitor)
{
	struct mlforge_monitor_state *state = monitor->state;

	if (state->frames < MOST_VALUES && state->frame_values < MOST_VALUES) {
		return;
	}
	state->frames /= 2;
	state->frame_values /= 2;
	for (uint16_t i = 0; i < monitor->channels; i++) {
		monitor->references[i].frames /= 2;
		mlforge_moments_age(&monitor->references[i].inputs);
	}
}

/* Frames add up for the next calibration, where the bundle allows one. */
static bool mlforge_monitor_sums_frames(const struct mlforge_monitor *monitor)
{
	return monitor->references != NULL && monitor->bundle->calibration.baseline_allowed;
}

bool mlforge_monitor_passes(const struct mlforge_supervisor *supervisor)
{
	const struct mlforge_monitor *monitor = mlforge_monitor_of(supervisor);
	bool passes = true;

	if (!monitor->state->allowed) {
		return true;
	}
	mlforge_monitor_lock(monitor);
	for (uint16_t i = 0; i < monitor->channels && passes; i++) {
		passes = mlforge_corrects_nothing(monitor->corrections[i]);
	}
	mlforge_monitor_unlock(monitor);
	return passes && !mlforge_monitor_sums_frames(monitor);
}

static int32_t mlforge_monitor_value_of(const void *frame, enum mlforge_samples samples,
					uint16_t channel)
{
	return samples == MLFORGE_SAMPLES_INT16 ? ((const int16_t *)frame)[channel]
						: ((const int32_t *)frame)[channel];
}

const int32_t *mlforge_monitor_frame(const struct mlforge_supervisor *supervisor, const void *frame,
				     enum mlforge_samples samples)
{
	const struct mlforge_monitor *monitor = mlforge_monitor_of(supervisor);

	if (!monitor->state->allowed) {
		return frame;
	}
	mlforge_monitor_lock(monitor);
	for (uint16_t i = 0; i < monitor->channels; i++) {
		monitor->frame[i] = mlforge_correct(mlforge_monitor_value_of(frame, samples, i),
						    monitor->corrections[i]);
		if (monitor->references != NULL) {
			monitor->references[i].frames += monitor->frame[i];
		}
	}
	if (monitor->references != NULL) {
		monitor->state->frames++;
	}
	mlforge_monitor_unlock(monitor);
	return monitor->frame;
}

/* Sums over one window fit 32 bits where it has fewer than 2^17 steps; they are made for up to so
 * many at a time. */
static void mlforge_monitor_add_channel(struct mlforge_moments *moments,
					struct mlforge_reference *reference, const int8_t *input,
					uint32_t steps, uint32_t stride)
{
	while (steps > 0) {
		const uint32_t now = steps < 1U << 16 ? steps : 1U << 16;
		int32_t sum = 0;
		uint32_t squares = 0;

		for (uint32_t i = 0; i < now; i++, input += stride) {
			sum += *input;
			squares += (uint32_t)(*input * *input);
		}
		moments->sum += sum;
		moments->squares += squares;
		if (reference != NULL) {
			reference->inputs.sum += sum;
			reference->inputs.squares += squares;
		}
		steps -= now;
	}
}

static void mlforge_monitor_observe_input(const struct mlforge_monitor *monitor,
					  const int8_t *input)
{
	const uint32_t bytes = monitor->instance->model->inputs[0].bytes;
	const uint32_t steps = bytes / monitor->channels;
	struct mlforge_monitor_state *state = monitor->state;

	for (uint16_t i = 0; i < monitor->channels; i++) {
		struct mlforge_reference *reference =
			monitor->references ? &monitor->references[i] : NULL;

		mlforge_monitor_add_channel(&monitor->moments[i], reference, &input[i], steps,
					    monitor->channels);
	}
	state->values += steps;
	if (monitor->references != NULL) {
		state->frame_values += steps;
		state->frame_windows += state->frame_windows < UINT32_MAX;
		mlforge_monitor_age_references(monitor);
	}
	if (monitor->given != NULL) {
		memcpy(monitor->given, input, bytes);
	}
}

static uint32_t mlforge_monitor_bit_length(uint32_t value)
{
	uint32_t bits = 0;

	for (; value != 0; value >>= 1) {
		bits++;
	}
	return bits;
}

/* As python/mlforge/study/winner/golden_selection.py has it. */
static uint32_t mlforge_monitor_bin_of(const struct mlforge_monitor *monitor, const int8_t *output)
{
	if (monitor->task == MLFORGE_TASK_ANOMALY) {
		const uint32_t bits = mlforge_monitor_bit_length(monitor->state->error_q16);

		return bits < mlforge_monitor_bins_of(monitor)
			       ? bits
			       : mlforge_monitor_bins_of(monitor) - 1;
	}
	const uint32_t index = monitor->task == MLFORGE_TASK_CLASSIFICATION
				       ? mlforge_argmax(output, monitor->classes)
				       : 0;

	return (uint32_t)(output[index] + 128) / 16;
}

static void mlforge_monitor_observe_output(const struct mlforge_monitor *monitor,
					   const int8_t *output)
{
	const struct mlforge_model *model = monitor->instance->model;
	struct mlforge_monitor_state *state = monitor->state;

	if (monitor->given != NULL) {
		state->error_q16 = mlforge_error_q16(&model->inputs[0], monitor->given,
						     &model->outputs[0], output);
	}
	mlforge_monitor_decide(&state->decider, &monitor->bundle->thresholds,
			       monitor->instance->decision, monitor->task, output, monitor->classes,
			       state->error_q16);
	state->inferences += state->inferences < UINT32_MAX;
	state->windows++;
	state->alarms += monitor->task == MLFORGE_TASK_ANOMALY && state->decider.decision == 1;
	monitor->score_counts[mlforge_monitor_bin_of(monitor, output)]++;
	if (monitor->classes > 0) {
		monitor->class_counts[mlforge_argmax(output, monitor->classes)]++;
	}
	mlforge_monitor_age(monitor);
}

bool mlforge_monitor_infer(const struct mlforge_supervisor *supervisor)
{
	const struct mlforge_monitor *monitor = mlforge_monitor_of(supervisor);
	const struct mlforge_instance *instance = monitor->instance;

	if (!monitor->state->allowed) {
		return false;
	}
	mlforge_monitor_lock(monitor);
	mlforge_monitor_observe_input(monitor, mlforge_input(instance, 0));
	mlforge_monitor_unlock(monitor);
	instance->model->invoke(instance->arena);
	if (!mlforge_model_has_result(instance->model, instance->arena)) {
		return false;
	}
	mlforge_monitor_lock(monitor);
	mlforge_monitor_observe_output(monitor, mlforge_output(instance, 0));
	mlforge_monitor_unlock(monitor);
	return true;
}

int32_t mlforge_monitor_decision(const struct mlforge_monitor *monitor)
{
	mlforge_monitor_lock(monitor);
	const int32_t decision = monitor->state->decider.decision;

	mlforge_monitor_unlock(monitor);
	return decision;
}

uint32_t mlforge_monitor_error(const struct mlforge_monitor *monitor)
{
	mlforge_monitor_lock(monitor);
	const uint32_t error_q16 = monitor->state->error_q16;

	mlforge_monitor_unlock(monitor);
	return error_q16;
}
