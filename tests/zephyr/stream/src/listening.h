/* SPDX-License-Identifier: Apache-2.0
 *
 * An application that listens: a thread that reads the microphone and hands its blocks on.
 */
#ifndef LISTENING_H_
#define LISTENING_H_

#include <stdint.h>
#include <zephyr/kernel.h>

extern struct k_mem_slab listening_slab;

/* For so long, from sample 0 on; blocks that the service refuses go back to the slab. */
void listen_for_ms(uint32_t time_ms);

#endif /* LISTENING_H_ */
