/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief From the scores of one window after the other to decisions and events.
 *
 * A decision is a constant description, emitted from the contract's `decision`, and a state that
 * the emitted code owns. Whole numbers, no heap. The host judges long recordings with this very
 * code.
 *
 * Scores are averaged over some windows. A decision for a class begins where its average reaches
 * `enter` and is the largest of those that do; it ends where its average falls below `leave`, or
 * where another class reaches its own `enter` and is larger. A change comes about when so many
 * windows in a row have proposed it. The beginning of a decision for a class that is not of the
 * background is an event; for some windows after it, no other begins.
 *
 * An autoencoder has no scores: class 1, the anomaly, then has the level of its error
 * (mlforge_error_level), and class 0, normal, the lowest score that there is.
 */
#ifndef MLFORGE_DECISION_H_
#define MLFORGE_DECISION_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MLFORGE_NO_DECISION (-1)

/**
 * @brief What a decision remembers. Zeros are a state in which nothing has been seen.
 */
struct mlforge_decider {
	bool begun; /**< false: all others are still to be set */
	int32_t decision;
	int32_t proposed;
	uint32_t in_a_row; /**< windows that have proposed it */
	int32_t event;     /**< that began with the newest window, or MLFORGE_NO_DECISION */
	uint32_t quiet;    /**< windows in which no event may begin */
	uint32_t averaged; /**< windows in the sums, at most `smoothing` */
	uint32_t oldest;   /**< of them, in the ring */
};

struct mlforge_decision {
	const int8_t *thresholds;  /**< [classes][2]: enter and leave, scores of the output */
	const uint8_t *background; /**< [classes]: 1 for those that are no event */
	uint16_t classes;
	uint8_t smoothing;   /**< windows that are averaged, above 0 */
	uint8_t consecutive; /**< windows in a row before a decision changes, above 0 */
	uint16_t refractory; /**< windows after an event in which no other begins */
	struct mlforge_decider *decider;
	int8_t *ring;     /**< [smoothing][classes] */
	int32_t *sums;    /**< [classes] */
	int8_t *averages; /**< [classes] */
	/** [inputs[0].bytes of the model]: a copy of its input, for `decide`; NULL without */
	int8_t *given;
	/** mlforge_decide_by_error for an autoencoder; NULL where the model's output is the scores
	 */
	int32_t (*decide)(const struct mlforge_decision *decision,
			  const struct mlforge_model *model, const int8_t *output);
};

/**
 * @brief Takes the scores of the next window.
 *
 * @param decision emitted for the model
 * @param scores   int8 [classes], the model's output
 *
 * @return the class whose event begins with this window, or MLFORGE_NO_DECISION.
 */
int32_t mlforge_decide(const struct mlforge_decision *decision, const int8_t *scores);

/**
 * @brief The same by other thresholds than the contract's, such as a release's own.
 *
 * @param thresholds  int8 [classes][2]
 * @param consecutive windows in a row, above 0
 */
int32_t mlforge_decide_by(const struct mlforge_decision *decision, const int8_t *thresholds,
			  uint32_t consecutive, const int8_t *scores);

/**
 * @brief Takes the next window of an autoencoder.
 *
 * @param decision emitted for the model, with its input in `given`
 * @param model    the autoencoder
 * @param output   int8 [outputs[0].bytes]
 *
 * @return 1 when an anomaly begins with this window, or MLFORGE_NO_DECISION.
 */
int32_t mlforge_decide_by_error(const struct mlforge_decision *decision,
				const struct mlforge_model *model, const int8_t *output);

/**
 * @brief The level of a reconstruction error: 8 log2 of it, rounded down, 0 for an error of 1.
 *
 * @param error_q16 the mean squared error in Q16.16 (mlforge_error_q16)
 *
 * @return -128 (0 and 2^-16) .. 127. An eighth of an octave is 9 %.
 */
int8_t mlforge_error_level(uint32_t error_q16);

/**
 * @brief Forgets all windows.
 */
void mlforge_decision_reset(const struct mlforge_decision *decision);

/**
 * @brief The class that is decided for now, of the background or not, or MLFORGE_NO_DECISION.
 */
static inline int32_t mlforge_decision_now(const struct mlforge_decision *decision)
{
	return decision->decider->begun ? decision->decider->decision : MLFORGE_NO_DECISION;
}

/**
 * @brief The class whose event began with the newest window, or MLFORGE_NO_DECISION.
 */
static inline int32_t mlforge_decision_event(const struct mlforge_decision *decision)
{
	return decision->decider->begun ? decision->decider->event : MLFORGE_NO_DECISION;
}

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_DECISION_H_ */
