/* SPDX-License-Identifier: Apache-2.0
 *
 * An accelerometer that gathers samples in a FIFO, and hands them over by Zephyr's RTIO stream when
 * its watermark is reached. It plays the recording that was built in, once.
 */
#ifndef FIFO_H_
#define FIFO_H_

#include <zephyr/kernel.h>

#define FIFO_PERIOD_US 2500
#define FIFO_SHIFT     5 /* raw 2^15 stands for 2^5 m/s^2 */

/* Samples of the recording. */
extern const uint32_t fifo_samples;

/* Batches for which there was no memory. */
extern atomic_t fifo_overruns;

#endif /* FIFO_H_ */
