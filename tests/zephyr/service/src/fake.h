/* SPDX-License-Identifier: Apache-2.0
 *
 * A model by hand whose inference takes as long as a test wants: four inputs, and their sum and its
 * negative as outputs.
 */
#ifndef FAKE_H_
#define FAKE_H_

#include <mlforge/service.h>

#define FAKE_QUEUE_LENGTH 4
#define FAKE_DEADLINE_US  2000

extern const struct mlforge_service fake_service;

/* Another one, with two inputs and two outputs, room for one message, and no deadline.
 * early_statuses: what came of submitting to it before the kernel had started its threads, in
 * PRE_KERNEL_2 and in POST_KERNEL. */
extern const struct mlforge_service narrow_service;
extern int early_statuses[2];

ZBUS_CHAN_DECLARE(fake_channel);

/* How long an inference takes, in microseconds. */
extern volatile uint32_t fake_busy_us;

/* Called from within each inference, if set. */
extern void (*volatile fake_during)(void);

#endif /* FAKE_H_ */
