/* SPDX-License-Identifier: Apache-2.0
 *
 * The queue of packets, for whoever sends them: one reader, in a thread.
 */
#ifndef MLFORGE_ZEPHYR_RECORD_QUEUE_H_
#define MLFORGE_ZEPHYR_RECORD_QUEUE_H_

#include <stdint.h>

/* The oldest bytes, which stay; how many there are, at most `most`. */
uint32_t mlforge_record_peek(uint8_t *bytes, uint32_t most);

/* The oldest `count` bytes are sent. */
void mlforge_record_drop(uint32_t count);

/* Until there is a packet that was not there before. */
void mlforge_record_wait(void);

#endif /* MLFORGE_ZEPHYR_RECORD_QUEUE_H_ */
