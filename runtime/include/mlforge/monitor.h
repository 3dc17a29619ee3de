/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief What watches a model in the field: it lets no inference begin before the bundle has been
 * checked, calibrates frames, decides by the bundle's thresholds, and keeps the statistics that
 * tell drift.
 *
 * It stands behind mlforge_push and mlforge_infer (instance.h): an application calls those, and
 * reads here what came of it. Whole numbers, no heap.
 *
 * The state is under the lock that the monitor's owner gives it; the functions take it
 * themselves, so that one thread may infer while another reads. Not in interrupts.
 */
#ifndef MLFORGE_MONITOR_H_
#define MLFORGE_MONITOR_H_

#include "mlforge/bundle.h"
#include "mlforge/decision.h"
#include "mlforge/drift.h"
#include "mlforge/instance.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief Bins of the histogram of scores (docs/bundle.md).
 */
#define MLFORGE_SCORE_BINS(task)    ((task) == MLFORGE_TASK_ANOMALY ? 32 : 16)
/**
 * @brief Fewer windows than this for each bin say nothing: under no drift the index is about one
 * over it.
 */
#define MLFORGE_WINDOWS_PER_BIN     16
/**
 * @brief Fewer windows than this are no ground to calibrate on.
 */
#define MLFORGE_CALIBRATION_WINDOWS 64

enum mlforge_drift {
	MLFORGE_DRIFT_INPUTS = 1,
	MLFORGE_DRIFT_SCORES = 2,
	MLFORGE_DRIFT_CLASSES = 4,
};

/**
 * @brief A frame's value x becomes gain * (x - offset): the offset in the frames' fixed point,
 * the gain in Q16.16.
 */
struct mlforge_correction {
	int32_t offset;
	int32_t gain;
};

/**
 * @brief What calibration needs to know of a channel since the last one.
 */
struct mlforge_reference {
	int64_t frames; /**< sum of corrected values */
	struct mlforge_moments inputs;
};

struct mlforge_monitor_state {
	volatile bool allowed; /**< inferences are; false until the bundle has been checked */
	struct mlforge_decider decider;
	uint32_t error_q16;     /**< of the newest window, of anomaly models */
	uint32_t inferences;    /**< since the statistics began */
	uint32_t windows;       /**< that the sums below are of; halved now and then */
	uint32_t alarms;        /**< of them */
	uint32_t values;        /**< of each channel at the model's input */
	uint32_t frames;        /**< for calibration */
	uint32_t frame_windows; /**< likewise */
	uint32_t frame_values;  /**< likewise */
	uint32_t calibrations;
};

struct mlforge_monitor {
	struct mlforge_supervisor supervisor; /**< first: an instance points to it */
	const struct mlforge_instance *instance;
	const struct mlforge_bundle *bundle; /**< sound and this image's once state->allowed */
	struct mlforge_monitor_state *state;
	uint8_t task; /**< enum mlforge_task */
	uint16_t classes;
	uint16_t channels;               /**< of a frame, and of each step of the model's input */
	uint32_t most_windows;           /**< when so many are counted, all counts are halved */
	struct mlforge_moments *moments; /**< [channels] */
	uint32_t *class_counts;          /**< [classes] */
	uint32_t *score_counts;          /**< [MLFORGE_SCORE_BINS(task)] */
	struct mlforge_correction *corrections; /**< [channels], in effect */
	struct mlforge_reference
		*references; /**< [channels]; NULL: the device does not calibrate itself */
	int32_t *frame;      /**< [channels], the corrected one */
	int8_t *given;       /**< [input bytes], a copy, for anomaly models; else NULL */
	void (*lock)(void);  /**< NULL for none; may be taken by one thread more than once */
	void (*unlock)(void);
};

/**
 * @brief Makes the bundle's corrections those in effect, clears the statistics and allows
 * inferences.
 */
void mlforge_monitor_begin(const struct mlforge_monitor *monitor);

/**
 * @brief For the supervisor of an instance: a frame corrected, whether none needs to be, and a
 * watched inference.
 *
 * Before inferences are allowed, frames of int32 only.
 */
const int32_t *mlforge_monitor_frame(const struct mlforge_supervisor *supervisor, const void *frame,
				     enum mlforge_samples samples);
bool mlforge_monitor_passes(const struct mlforge_supervisor *supervisor);
bool mlforge_monitor_infer(const struct mlforge_supervisor *supervisor);

/**
 * @brief What the newest windows come to, by the bundle's thresholds.
 *
 * Of classes: the index of the one that is decided for, or MLFORGE_NO_DECISION. A decision for a
 * class begins where its score reaches `enter` and is the largest of those that do; it ends where
 * its score falls below `leave`, or where another class's score reaches that class's `enter` and
 * is larger. Without thresholds in the bundle: the largest score. Of anomalies: 1 for an alarm,
 * else 0. It begins where the error reaches `enter`, and ends where it falls below `leave`.
 * Without a threshold: always 0. Of regression: MLFORGE_NO_DECISION. A change comes about when so
 * many windows in a row as the bundle's hysteresis have proposed the same.
 */
int32_t mlforge_monitor_decision(const struct mlforge_monitor *monitor);

/**
 * @brief The newest window's mean squared reconstruction error, Q16.16; 0 but for anomalies.
 */
uint32_t mlforge_monitor_error(const struct mlforge_monitor *monitor);

/**
 * @brief Forgets the decision, as the model does its state; the statistics stay.
 */
void mlforge_monitor_forget(const struct mlforge_monitor *monitor);

/**
 * @brief The statistics begin afresh.
 */
void mlforge_monitor_reset(const struct mlforge_monitor *monitor);

/**
 * @brief Indices, Q16.16, and which of them are above the bundle's limit.
 *
 * All 0 without a baseline, and drift is 0 before windows_needed windows have been seen.
 */
struct mlforge_drift_report {
	uint32_t scores;
	uint32_t classes;
	uint32_t windows_needed; /**< 0: there is no baseline */
	uint8_t drift;           /**< enum mlforge_drift, together */
};

struct mlforge_drift_report mlforge_monitor_drift(const struct mlforge_monitor *monitor);

/**
 * @brief The index of a channel, Q16.16; 0 without a baseline.
 */
uint32_t mlforge_monitor_channel_index(const struct mlforge_monitor *monitor, uint16_t channel);

/**
 * @brief A channel's int8 values at the model's input.
 */
struct mlforge_moment_pair mlforge_monitor_moments(const struct mlforge_monitor *monitor,
						   uint16_t channel);

enum mlforge_calibrated {
	MLFORGE_CALIBRATED = 0,
	MLFORGE_CALIBRATED_NOT_ALLOWED, /**< by the bundle, or the bundle has no baseline */
	MLFORGE_CALIBRATED_TOO_EARLY, /**< fewer windows than MLFORGE_CALIBRATION_WINDOWS since the
					 last time */
	MLFORGE_CALIBRATED_NOT_SUPPORTED, /**< the features have a stage whose effect on a channel
					     is no scale and offset */
};

/**
 * @brief Corrects each channel so that the mean (and where the bounds let it, the deviation) of
 * the frames since the last calibration comes to that of the training data, as far as the
 * bundle's bounds allow.
 */
enum mlforge_calibrated mlforge_monitor_calibrate(const struct mlforge_monitor *monitor);

/**
 * @brief Back to the bundle's corrections.
 */
void mlforge_monitor_uncalibrate(const struct mlforge_monitor *monitor);

/**
 * @brief Takes corrections up again that were stored: false, and nothing done, where one is
 * beyond the bundle's bounds or the bundle does not allow any.
 *
 * @param corrections  [channels]
 * @param calibrations that made them
 */
bool mlforge_monitor_restore(const struct mlforge_monitor *monitor,
			     const struct mlforge_correction *corrections, uint32_t calibrations);

/**
 * @brief The bundle's own correction of a channel; none (0 and 1) where it has no calibration.
 */
struct mlforge_correction mlforge_monitor_shipped(const struct mlforge_monitor *monitor,
						  uint16_t channel);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_MONITOR_H_ */
