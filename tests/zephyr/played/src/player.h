/* SPDX-License-Identifier: Apache-2.0
 *
 * A recording that plays as a microphone would: behind Zephyr's DMIC interface, and behind that of
 * I2S. A timer fills the blocks of the slab that it was configured with, as DMA would.
 */
#ifndef PLAYER_H_
#define PLAYER_H_

#include <zephyr/audio/dmic.h>
#include <zephyr/drivers/i2s.h>
#include <zephyr/kernel.h>

#define PLAYER_RATE_HZ       16000
#define PLAYER_BLOCK_MS      10
#define PLAYER_BLOCK_SAMPLES (PLAYER_RATE_HZ * PLAYER_BLOCK_MS / 1000)

extern const struct device *const player_dmic;
extern const struct device *const player_i2s;

/* Blocks that found the slab empty. */
extern atomic_t player_overruns;

/* Blocks of the recording. */
extern const uint32_t player_blocks;

#endif /* PLAYER_H_ */
