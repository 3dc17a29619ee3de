/* SPDX-License-Identifier: Apache-2.0
 * Implements text.h. Knows the port's byte stream and nothing else.
 */
#include "text.h"

#include <string.h>

#include "port.h"

static const char digits[] = "0123456789abcdef";

static uint32_t check;

uint32_t mlforge_crc(uint32_t state, uint8_t byte)
{
	static const uint32_t table[16] = {
		/* reflected, 0xEDB88320, half a byte at a time */
		0x00000000U, 0x1DB71064U, 0x3B6E20C8U, 0x26D930ACU, 0x76DC4190U, 0x6B6B51F4U,
		0x4DB26158U, 0x5005713CU, 0xEDB88320U, 0xF00F9344U, 0xD6D6A3E8U, 0xCB61B38CU,
		0x9B64C2B0U, 0x86D3D2D4U, 0xA00AE278U, 0xBDBDF21CU,
	};

	state ^= byte;
	state = (state >> 4) ^ table[state & 15U];
	return (state >> 4) ^ table[state & 15U];
}

static void put_byte(char byte)
{
	check = mlforge_crc(check, (uint8_t)byte);
	mlforge_port_write(byte);
}

void mlforge_check_start(void)
{
	check = UINT32_MAX;
}

void mlforge_check_add(const char *text)
{
	for (; *text != '\0'; text++) {
		check = mlforge_crc(check, (uint8_t)*text);
	}
}

uint32_t mlforge_check_value(void)
{
	return ~check;
}

void mlforge_put(const char *text)
{
	while (*text != '\0') {
		put_byte(*text++);
	}
}

void mlforge_put_unsigned(uint32_t value)
{
	char text[10];
	uint32_t length = 0;

	do {
		text[length++] = digits[value % 10U];
		value /= 10U;
	} while (value != 0U);
	while (length > 0U) {
		put_byte(text[--length]);
	}
}

void mlforge_put_hex(const uint8_t *bytes, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		put_byte(digits[bytes[i] >> 4]);
		put_byte(digits[bytes[i] & 15U]);
	}
}

void mlforge_put_word(uint32_t value)
{
	mlforge_put("0x");
	for (int shift = 28; shift >= 0; shift -= 4) {
		put_byte(digits[(value >> shift) & 15U]);
	}
}

void mlforge_put_scaled(float scale, int32_t steps)
{
	uint32_t bits;
	uint64_t thousandths;
	uint32_t rest;

	/* scale = mantissa * 2^-shift (IEEE 754 binary32) */
	memcpy(&bits, &scale, sizeof(bits));
	const uint32_t mantissa = (bits & 0x7FFFFFU) | 0x800000U;
	const int32_t shift = 150 - (int32_t)((bits >> 23) & 255U);

	if (steps < 0) {
		steps = -steps;
		put_byte('-');
	}
	thousandths = (uint64_t)mantissa * (uint32_t)steps * 1000U;
	if (shift > 62) {
		thousandths = 0;
	} else if (shift > 0) {
		thousandths = (thousandths + (1ULL << (shift - 1))) >> shift;
	} else {
		thousandths <<= -shift & 15;
	}
	mlforge_put_unsigned((uint32_t)thousandths / 1000U);
	rest = (uint32_t)thousandths % 1000U;
	put_byte('.');
	put_byte(digits[rest / 100U]);
	put_byte(digits[rest / 10U % 10U]);
	put_byte(digits[rest % 10U]);
}

void mlforge_put_pair(const char *key, uint32_t value)
{
	mlforge_put("m-");
	mlforge_put(key);
	mlforge_put("-[");
	mlforge_put_unsigned(value);
	mlforge_put("]\r\n");
}

bool mlforge_read_unsigned(const char *word, uint32_t *value)
{
	uint32_t total = 0;

	if (*word == '\0') {
		return false;
	}
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9' || total > (uint32_t)(INT32_MAX - 9) / 10U) {
			return false;
		}
		total = total * 10U + (uint32_t)(*word - '0');
	}
	*value = total;
	return true;
}

static int hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9') {
		return digit - '0';
	}
	digit = (char)(digit | 0x20);
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int mlforge_read_hex(const char *pair)
{
	const int high = hex_digit(pair[0]);
	const int low = high < 0 ? -1 : hex_digit(pair[1]);

	return low < 0 ? -1 : high * 16 + low;
}

char *mlforge_next_word(char **line)
{
	char *word = *line;
	char *end;

	while (*word == ' ') {
		word++;
	}
	if (*word == '\0') {
		*line = word;
		return NULL;
	}
	for (end = word; *end != ' ' && *end != '\0'; end++) {
	}
	*line = *end == '\0' ? end : end + 1;
	*end = '\0';
	return word;
}

bool mlforge_same(const char *one, const char *two)
{
	while (*one != '\0' && *one == *two) {
		one++;
		two++;
	}
	return *one == *two;
}
