/* SPDX-License-Identifier: Apache-2.0
 *
 * What missing frames do to a service's results: the contract's `data.signal.gaps`. All but the
 * last of these are for whoever holds the features (mlforge_stream_lock).
 */
#ifndef MLFORGE_ZEPHYR_GAP_H_
#define MLFORGE_ZEPHYR_GAP_H_

#include <mlforge/service.h>

/* Frames are missing in front of those that come now. */
void mlforge_gap_found(const struct mlforge_service *service);

/* So many frames are in the features, and none was missing between them. */
void mlforge_gap_passed(const struct mlforge_service *service, uint32_t frames);

/* The window that is complete is the service's from now on: what mlforge_gap_window_begins says is
 * about it. */
void mlforge_gap_window_taken(const struct mlforge_service *service);

/* A new stream begins. */
void mlforge_gap_forget(const struct mlforge_service *service);

/* In the service's thread, before the inference on the window that was taken: makes the model
 * forget what came before a gap. Returns whether the result is to be marked. */
bool mlforge_gap_window_begins(const struct mlforge_service *service);

#endif /* MLFORGE_ZEPHYR_GAP_H_ */
