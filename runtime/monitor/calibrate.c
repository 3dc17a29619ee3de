/* SPDX-License-Identifier: Apache-2.0
 *
 * Corrections of frames, and how the device finds them: the mean and deviation at the model's input
 * are known from training; how the features map a frame's value there is known, too; so what a
 * channel is off by can be told in frames.
 */
#include "mlforge/fixed_point.h"
#include "mlforge/pipeline.h"
#include "monitor.h"

int32_t mlforge_correct(int32_t value, struct mlforge_correction correction)
{
	return mlforge_scale_i32(mlforge_subtract_i32(value, correction.offset), correction.gain,
				 16);
}

struct mlforge_calibrate_bounds {
	struct mlforge_correction shipped;
	int32_t offset;
	int32_t gain;
};

static struct mlforge_calibrate_bounds
mlforge_calibrate_bounds_of(const struct mlforge_calibration *calibration, uint16_t channel)
{
	const uint8_t *data = &calibration->data[16U * channel];

	return (struct mlforge_calibrate_bounds){{mlforge_i32(data), mlforge_i32(&data[4])},
						 mlforge_i32(&data[8]),
						 mlforge_i32(&data[12])};
}

struct mlforge_correction mlforge_monitor_shipped(const struct mlforge_monitor *monitor,
						  uint16_t channel)
{
	if (monitor->bundle->calibration.data == NULL) {
		return (struct mlforge_correction){0, MLFORGE_MONITOR_UNITY};
	}
	return mlforge_calibrate_bounds_of(&monitor->bundle->calibration, channel).shipped;
}

static int64_t mlforge_calibrate_held(int64_t value, int64_t middle, int64_t bound)
{
	return value < middle - bound   ? middle - bound
	       : value > middle + bound ? middle + bound
					: value;
}

/* To nearest, ties away from zero. */
static int64_t mlforge_calibrate_divide(int64_t value, int64_t by)
{
	return (value + (value < 0 ? -by / 2 : by / 2)) / by;
}

/* Steps of the model's input for one of a frame: mantissa * 2^-shift. */
struct mlforge_calibrate_slope {
	uint64_t mantissa;
	int32_t shift;
};

static struct mlforge_calibrate_slope mlforge_calibrate_times(struct mlforge_calibrate_slope slope,
							      int32_t multiplier, uint8_t shift)
{
	slope.mantissa *= (uint32_t)multiplier;
	slope.shift += shift;
	while (slope.mantissa >> 31 != 0) {
		slope.mantissa >>= 1;
		slope.shift--;
	}
	return slope;
}

/* Of a channel; the mantissa is 0 where a stage is no scale and offset, or flattens the channel. */
static struct mlforge_calibrate_slope
mlforge_calibrate_slope_of(const struct mlforge_pipeline *features, uint16_t channel)
{
	struct mlforge_calibrate_slope slope = {features == NULL ? 0 : 1, 0};

	for (uint32_t i = 0; slope.mantissa != 0 && i < features->stages_count; i++) {
		const struct mlforge_stage *stage = &features->stages[i];

		if (stage->process == mlforge_standardise_process) {
			const struct mlforge_standardise *tables = stage->tables;

			slope = mlforge_calibrate_times(slope, tables->multiplier[channel],
							tables->shift[channel]);
		} else if (stage->process == mlforge_quantise_process) {
			const struct mlforge_quantise *tables = stage->tables;

			slope = mlforge_calibrate_times(slope, tables->multiplier, tables->shift);
		} else {
			slope.mantissa = 0;
		}
	}
	return slope;
}

/* A difference at the model's input, Q8.8, in frames; saturated well beyond what frames can hold.
 */
static int64_t mlforge_calibrate_in_frames(int32_t steps_q8, struct mlforge_calibrate_slope slope)
{
	const int64_t limit = (int64_t)1 << 33;
	const int32_t shift = slope.shift - 8;
	int64_t value = (int64_t)steps_q8 * 65536; /* |steps| <= 2^16 */

	/* value * 2^(shift - 16) / mantissa, the mantissa below 2^31 */
	if (shift - 16 > 30) {
		return value < 0 ? -limit : value > 0 ? limit : 0;
	}
	if (shift >= 16) {
		value *= (int64_t)1 << (shift - 16);
		value = mlforge_calibrate_divide(value, (int64_t)slope.mantissa);
	} else {
		value = mlforge_calibrate_divide(value, (int64_t)slope.mantissa);
		value = 16 - shift > 62
				? 0
				: mlforge_calibrate_divide(value, (int64_t)1 << (16 - shift));
	}
	return mlforge_calibrate_held(value, 0, limit);
}

/* What makes the frames seen have the mean and deviation of the training data, held to the bounds.
 */
static struct mlforge_correction mlforge_calibrate_better(const struct mlforge_monitor *monitor,
							  uint16_t channel,
							  struct mlforge_calibrate_slope slope)
{
	const struct mlforge_reference *seen = &monitor->references[channel];
	const struct mlforge_correction now = monitor->corrections[channel];
	const struct mlforge_calibrate_bounds bounds =
		mlforge_calibrate_bounds_of(&monitor->bundle->calibration, channel);
	const struct mlforge_moment_pair found =
		mlforge_moments_read(&seen->inputs, monitor->state->frame_values);
	const uint8_t *baseline = &monitor->bundle->baseline.data[8U * channel];
	const int32_t mean = mlforge_i32(baseline);
	const uint32_t deviation = mlforge_u32(&baseline[4]);
	const int64_t corrected = mlforge_calibrate_divide(seen->frames, monitor->state->frames);
	int64_t gain = now.gain;

	if (found.deviation >= MLFORGE_LEAST_DEVIATION && deviation >= MLFORGE_LEAST_DEVIATION) {
		gain = mlforge_calibrate_divide(gain * deviation, found.deviation);
	}
	gain = mlforge_calibrate_held(gain, bounds.shipped.gain, bounds.gain);
	/* corrected = now.gain * (raw - now.offset), and is to become less by what the mean is off.
	 */
	const int64_t raw_less_offset =
		mlforge_calibrate_divide(corrected * MLFORGE_MONITOR_UNITY, now.gain);
	const int64_t wanted = mlforge_calibrate_held(
		corrected - mlforge_calibrate_in_frames(found.mean - mean, slope), 0,
		(int64_t)1 << 34);
	const int64_t offset = now.offset + raw_less_offset -
			       mlforge_calibrate_divide(wanted * MLFORGE_MONITOR_UNITY, gain);

	return (struct mlforge_correction){mlforge_saturate_i32(mlforge_calibrate_held(
						   offset, bounds.shipped.offset, bounds.offset)),
					   (int32_t)gain};
}

static void mlforge_calibrate_forget_frames(const struct mlforge_monitor *monitor)
{
	monitor->state->frames = 0;
	monitor->state->frame_windows = 0;
	monitor->state->frame_values = 0;
	for (uint16_t i = 0; monitor->references != NULL && i < monitor->channels; i++) {
		monitor->references[i] = (struct mlforge_reference){0, {0, 0}};
	}
}

static enum mlforge_calibrated mlforge_calibrate(const struct mlforge_monitor *monitor)
{
	const struct mlforge_bundle *bundle = monitor->bundle;

	if (monitor->references == NULL || !bundle->calibration.baseline_allowed ||
	    bundle->baseline.data == NULL) {
		return MLFORGE_CALIBRATED_NOT_ALLOWED;
	}
	for (uint16_t i = 0; i < monitor->channels; i++) {
		if (mlforge_calibrate_slope_of(monitor->instance->features, i).mantissa == 0) {
			return MLFORGE_CALIBRATED_NOT_SUPPORTED;
		}
	}
	if (monitor->state->frame_windows < MLFORGE_CALIBRATION_WINDOWS ||
	    monitor->state->frames == 0) {
		return MLFORGE_CALIBRATED_TOO_EARLY;
	}
	for (uint16_t i = 0; i < monitor->channels; i++) {
		monitor->corrections[i] = mlforge_calibrate_better(
			monitor, i, mlforge_calibrate_slope_of(monitor->instance->features, i));
	}
	monitor->state->calibrations++;
	mlforge_calibrate_forget_frames(monitor);
	return MLFORGE_CALIBRATED;
}

enum mlforge_calibrated mlforge_monitor_calibrate(const struct mlforge_monitor *monitor)
{
	mlforge_monitor_lock(monitor);
	const enum mlforge_calibrated done = mlforge_calibrate(monitor);

	mlforge_monitor_unlock(monitor);
	return done;
}

void mlforge_monitor_uncalibrate(const struct mlforge_monitor *monitor)
{
	mlforge_monitor_lock(monitor);
	for (uint16_t i = 0; i < monitor->channels; i++) {
		monitor->corrections[i] = mlforge_monitor_shipped(monitor, i);
	}
	monitor->state->calibrations = 0;
	mlforge_calibrate_forget_frames(monitor);
	mlforge_monitor_unlock(monitor);
}

static bool mlforge_calibrate_within(struct mlforge_correction correction,
				     struct mlforge_calibrate_bounds bounds)
{
	return mlforge_calibrate_held(correction.offset, bounds.shipped.offset, bounds.offset) ==
		       correction.offset &&
	       mlforge_calibrate_held(correction.gain, bounds.shipped.gain, bounds.gain) ==
		       correction.gain;
}

bool mlforge_monitor_restore(const struct mlforge_monitor *monitor,
			     const struct mlforge_correction *corrections, uint32_t calibrations)
{
	const struct mlforge_calibration *calibration = &monitor->bundle->calibration;

	for (uint16_t i = 0; i < monitor->channels; i++) {
		if (!calibration->baseline_allowed ||
		    !mlforge_calibrate_within(corrections[i],
					      mlforge_calibrate_bounds_of(calibration, i))) {
			return false;
		}
	}
	mlforge_monitor_lock(monitor);
	for (uint16_t i = 0; i < monitor->channels; i++) {
		monitor->corrections[i] = corrections[i];
	}
	monitor->state->calibrations = calibrations;
	mlforge_monitor_unlock(monitor);
	return true;
}
