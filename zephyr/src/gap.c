/* SPDX-License-Identifier: Apache-2.0
 *
 * A gap is found where the frames are read, perhaps in the thread of the streams, and the model may
 * be at work on an earlier window then. So the features forget at once, and the model when the next
 * window is its own.
 */
#include "gap.h"

/* Frames that a result is about. */
static uint32_t gap_window_frames(const struct mlforge_instance *instance)
{
	const struct mlforge_hop *hop = instance->model->hop;

	return instance->window_frames + (hop ? (hop->first - 1) * instance->hop_frames : 0);
}

void mlforge_gap_found(const struct mlforge_service *service)
{
	struct mlforge_gap *gap = &service->state->gap;
	const k_spinlock_key_t key = k_spin_lock(&service->state->stats_lock);

	service->state->stats.gaps++;
	k_spin_unlock(&service->state->stats_lock, key);
	if (service->instance->gaps == MLFORGE_GAPS_RESTART) {
		mlforge_features_reset(service->instance->features);
		gap->restarts = true;
	} else if (service->instance->gaps == MLFORGE_GAPS_FLAG) {
		gap->frames_to_go = gap_window_frames(service->instance);
	}
}

void mlforge_gap_passed(const struct mlforge_service *service, uint32_t frames)
{
	struct mlforge_gap *gap = &service->state->gap;

	gap->frames_to_go -= MIN(gap->frames_to_go, frames);
}

void mlforge_gap_window_taken(const struct mlforge_service *service)
{
	struct mlforge_gap *gap = &service->state->gap;

	gap->window_restarts |= gap->restarts;
	gap->window_marked = gap->frames_to_go > 0;
	gap->restarts = false;
}

void mlforge_gap_forget(const struct mlforge_service *service)
{
	service->state->gap = (struct mlforge_gap){0};
}

bool mlforge_gap_window_begins(const struct mlforge_service *service)
{
	struct mlforge_gap *gap = &service->state->gap;

	if (gap->window_restarts) {
		mlforge_forget(service->instance);
		gap->window_restarts = false;
	}
	return gap->window_marked;
}
