/* SPDX-License-Identifier: Apache-2.0
 *
 * The collector behind the stages, for features.c alone.
 */
#ifndef MLFORGE_FEATURES_WINDOW_H_
#define MLFORGE_FEATURES_WINDOW_H_

#include "mlforge/pipeline.h"

void mlforge_window_reset(const struct mlforge_collector *window);

/* Where the next block goes. */
void *mlforge_window_slot(const struct mlforge_collector *window);

/* Blocks that go behind one another from the slot on, before the ring turns over or an input is
 * complete. */
uint32_t mlforge_window_room(const struct mlforge_collector *window);

/* Counts the blocks from the slot on, as many as there is room for at most; true when a model input
 * is complete. */
bool mlforge_window_push(const struct mlforge_collector *window, uint32_t count);

/* Writes length * block_bytes, the oldest block first. */
void mlforge_window_read(const struct mlforge_collector *window, void *input);

#endif /* MLFORGE_FEATURES_WINDOW_H_ */
