/* SPDX-License-Identifier: Apache-2.0
 * A model that goes wrong as its first input says: 0 hangs, 1 writes where nothing is, 2 overflows
 * the stack, 3 loses the stack; any other input comes out again.
 */
#include "broken.h"

__attribute__((noinline)) static uint32_t descend(volatile uint8_t *arena, uint32_t depth)
{
	volatile uint32_t ballast[16];

	ballast[0] = depth;
	return arena[1] == 77 ? depth : descend(arena, depth + 1) + ballast[0];
}

__attribute__((noinline)) static void broken_op0_go(uint8_t *arena)
{
	switch (arena[0]) {
	case 0:
		for (;;) {
			__asm__ volatile("");
		}
	case 1:
		*(volatile uint8_t *)(uintptr_t)(UINTPTR_MAX) = 1;
		break;
	case 2:
		arena[2] = (uint8_t)descend(arena, 0);
		break;
#if defined(__arm__)
	case 3:
		__asm__ volatile("movs r0, #0\n\tmov sp, r0\n\tpush {r0}\n\tudf #0" ::
					 : "r0", "memory");
		break;
#endif
	default:
		break;
	}
}

static void broken_invoke(uint8_t *arena)
{
	broken_op0_go(arena);
}

static const struct mlforge_tensor broken_tensor = {
	.name = "only", .bytes = 4, .scale = 1.0F, .type = MLFORGE_INT8, .rank = 1, .shape = {4}};

const struct mlforge_model broken_model = {
	.name = "broken",
	.arena_bytes = 16,
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = &broken_tensor,
	.outputs = &broken_tensor,
	.invoke = broken_invoke,
};
