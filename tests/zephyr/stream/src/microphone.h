/* SPDX-License-Identifier: Apache-2.0
 *
 * A microphone behind Zephyr's DMIC interface that plays voice_sample: a timer fills a block of the
 * slab that it was configured with, as DMA would, ten times in a tenth of a second.
 */
#ifndef MICROPHONE_H_
#define MICROPHONE_H_

#include <zephyr/audio/dmic.h>
#include <zephyr/kernel.h>

#include "voice.h"

#define MICROPHONE_BLOCK_MS      10
#define MICROPHONE_BLOCK_SAMPLES (VOICE_RATE_HZ * MICROPHONE_BLOCK_MS / 1000)

extern const struct device *const microphone;

/* Blocks that found the slab empty, since the last start. */
extern atomic_t microphone_overruns;

#endif /* MICROPHONE_H_ */
