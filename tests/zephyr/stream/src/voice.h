/* SPDX-License-Identifier: Apache-2.0
 *
 * A model by hand that listens, at 16 kHz or as CMake says: a window of a second every half second,
 * as its features have quantised it. Its output is the sum of the window's bytes, each weighted by
 * its place.
 */
#ifndef VOICE_H_
#define VOICE_H_

#include <mlforge/service.h>

#ifndef VOICE_RATE_HZ
#define VOICE_RATE_HZ 16000
#endif
#define VOICE_WINDOW VOICE_RATE_HZ
#define VOICE_HOP    (VOICE_RATE_HZ / 2)

extern const struct mlforge_service voice_service;

/* How long an inference takes besides, in milliseconds. */
extern volatile uint32_t voice_busy_ms;

/* The signal: sample number `at`. */
static inline int16_t voice_sample(uint32_t at)
{
	return (int16_t)((at * 2654435761U) >> 16);
}

/* A sample as the features quantise it. */
static inline int8_t voice_quantised(int16_t sample)
{
	const int32_t eighth = sample < 0 ? -((-sample + 128) >> 8) : (sample + 128) >> 8;

	return (int8_t)MIN(eighth, INT8_MAX);
}

/* One step of the sum. */
static inline uint32_t voice_add(uint32_t sum, int8_t value)
{
	return sum * 31U + (uint8_t)value;
}

#endif /* VOICE_H_ */
