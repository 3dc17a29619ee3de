/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as text, both ways, with integers only: no printf, whose size would drown what is
 * measured. And a check over what was sent, for lines that may garble it.
 */
#ifndef MLFORGE_TEXT_H_
#define MLFORGE_TEXT_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void mlforge_put(const char *text);
void mlforge_put_unsigned(uint32_t value);
void mlforge_put_hex(const uint8_t *bytes, uint32_t count);
void mlforge_put_word(uint32_t value); /* as 0x and 8 digits */

/* Sends scale * steps with three decimals, correctly rounded, half away from zero. `scale` is a
 * positive normal float. */
void mlforge_put_scaled(float scale, int32_t steps);

/* `m-KEY-[VALUE]` and a line end. */
void mlforge_put_pair(const char *key, uint32_t value);

/* CRC-32 (IEEE 802.3): the state after one more byte. It starts as UINT32_MAX, and its complement
 * is the sum. */
uint32_t mlforge_crc(uint32_t state, uint8_t byte);

/* The same over all that was sent or added since it was started. */
void mlforge_check_start(void);
void mlforge_check_add(const char *text);
uint32_t mlforge_check_value(void);

/* Reads a decimal number that fills the word and is at most INT32_MAX. Returns false for anything
 * else. */
bool mlforge_read_unsigned(const char *word, uint32_t *value);

/* The value of two hex digits, or -1. */
int mlforge_read_hex(const char *digits);

/* The next word of a line that is split in place at blanks; NULL at its end. */
char *mlforge_next_word(char **line);

bool mlforge_same(const char *one, const char *two);

#endif /* MLFORGE_TEXT_H_ */
