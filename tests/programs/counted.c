/* SPDX-License-Identifier: Apache-2.0
 * A model whose instructions and stack are known: operator 0 runs 202 instructions and takes 100
 * branches, operator 1 runs 5 and uses 400 bytes of stack. Invoke calls both and returns.
 */
#include "counted.h"

__attribute__((naked, noinline)) static void counted_op0_loop(uint8_t *arena)
{
#if defined(__riscv)
	__asm__ volatile("li t0, 100\n"
			 "1: addi t0, t0, -1\n\t"
			 "bnez t0, 1b\n\t"
			 "ret");
#else
	__asm__ volatile(".syntax unified\n\t"
			 "movs r1, #100\n"
			 "1: subs r1, #1\n\t"
			 "bne 1b\n\t"
			 "bx lr");
#endif
}

__attribute__((naked, noinline)) static void counted_op1_stack(uint8_t *arena)
{
#if defined(__riscv)
	__asm__ volatile("addi sp, sp, -400\n\t"
			 "sw zero, 0(sp)\n\t"
			 "nop\n\t"
			 "addi sp, sp, 400\n\t"
			 "ret");
#else
	__asm__ volatile("sub sp, #400\n\t"
			 "str r0, [sp]\n\t"
			 "nop\n\t"
			 "add sp, #400\n\t"
			 "bx lr");
#endif
}

__attribute__((naked)) static void counted_invoke(uint8_t *arena)
{
#if defined(__riscv)
	__asm__ volatile("addi sp, sp, -16\n\t"
			 "sw ra, 12(sp)\n\t"
			 "call %0\n\t"
			 "call %1\n\t"
			 "lw ra, 12(sp)\n\t"
			 "addi sp, sp, 16\n\t"
			 "ret" ::"i"(counted_op0_loop),
			 "i"(counted_op1_stack));
#else
	__asm__ volatile("push {r4, lr}\n\t"
			 "bl %c0\n\t"
			 "bl %c1\n\t"
			 "pop {r4, pc}" ::"i"(counted_op0_loop),
			 "i"(counted_op1_stack));
#endif
}

static const struct mlforge_tensor counted_tensor = {
	.name = "only", .bytes = 4, .scale = 1.0F, .type = MLFORGE_INT8, .rank = 1, .shape = {4}};

const struct mlforge_model counted_model = {
	.name = "counted",
	.arena_bytes = 16,
	.inputs_count = 1,
	.outputs_count = 1,
	.inputs = &counted_tensor,
	.outputs = &counted_tensor,
	.invoke = counted_invoke,
};
