/* SPDX-License-Identifier: Apache-2.0
 *
 * A model by hand whose inference takes as long as a test wants: four inputs, and their sum and its negative as outputs.
 */
#ifndef FAKE_H_
#define FAKE_H_

#include <mlforge/service.h>

#define FAKE_QUEUE_LENGTH 4
#define FAKE_DEADLINE_US  2000

extern const struct mlforge_service fake_service;
ZBUS_CHAN_DECLARE(fake_channel);

/* How long an inference takes, in microseconds. */
extern volatile uint32_t fake_busy_us;

/* Called from within each inference, if set. */
extern void (*volatile fake_during)(void);

#endif /* FAKE_H_ */
