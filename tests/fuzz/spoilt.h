/* SPDX-License-Identifier: Apache-2.0
 * Faults that the checks of generated C must see: one of these becomes the first statement of an
 * inference. */
#define SPOILT_BEHIND(arena, bytes) (arena)[0] = ((volatile uint8_t *)(arena))[bytes]
#define SPOILT_BEFORE(arena, bytes) (arena)[0] = ((volatile uint8_t *)(arena))[-1]
#define SPOILT_NARROW(arena, bytes)                                                                \
	const int8_t narrow = 1000 * (arena)[0];                                                   \
	(arena)[0] = (uint8_t)narrow
