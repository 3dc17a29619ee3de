/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of the measuring firmware, and the buffer that they share. A command answers with
 * lines; the main loop closes each answer with `m-ready`.
 */
#ifndef MLFORGE_DEVICE_H_
#define MLFORGE_DEVICE_H_

#include <stdbool.h>
#include <stdint.h>

/* Longest command in bytes, without its terminator. The benchmark's runner sends at most 65. */
#define MLFORGE_LINE_BYTES 250U

/* Runs a command if it is one of the benchmark's, or one of our own. Returns whether it was. */
bool mlforge_benchmark_command(const char *name, char *arguments);
bool mlforge_own_command(const char *name, char *arguments);

/* Runs `repeats` bursts of `count` inferences for a power meter, each between two pauses without a
 * byte on the UART, with the gate pin high. Interrupts stay as they are. */
void mlforge_bursts(uint32_t count, uint32_t repeats, uint32_t pause_ms);

/* Bytes of all inputs or outputs of the attached model together; 0 without one. */
uint32_t mlforge_input_bytes(void);
uint32_t mlforge_output_bytes(void);

/* Copies input vector `index` of the buffer into the arena, unless the buffer is the arena itself.
 */
void mlforge_load_vector(uint32_t index);

/* The buffer of `db load`: spare memory, or the arena's inputs where no spare memory can hold one
 * vector. */
uint32_t mlforge_buffer_bytes(void);
uint8_t *mlforge_buffer_at(uint32_t offset);

#endif /* MLFORGE_DEVICE_H_ */
