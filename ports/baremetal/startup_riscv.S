/* SPDX-License-Identifier: Apache-2.0
 * Reset and trap entry of RV32. The trap reports and stops, as on Cortex-M.
 */
	.option arch, +zicsr
	.section .vectors, "ax"
	.globl mlforge_reset
	.type mlforge_reset, @function
mlforge_reset:
	.option push
	.option norelax
	la gp, __global_pointer$
	.option pop
	la sp, mlforge_stack_top
	la t0, mlforge_trap
	csrw mtvec, t0
	j mlforge_start
	.size mlforge_reset, . - mlforge_reset

	.balign 4
	.type mlforge_trap, @function
mlforge_trap:
	csrr a0, mcause
	csrr a1, mepc
	csrr a2, mtval
	mv a3, sp
	la sp, mlforge_stack_top
	j mlforge_fault_report
	.size mlforge_trap, . - mlforge_trap

	.section .text.mlforge_port_mask, "ax"
	.globl mlforge_port_mask
	.type mlforge_port_mask, @function
mlforge_port_mask:
	csrrci a0, mstatus, 8
	andi a0, a0, 8
	ret
	.size mlforge_port_mask, . - mlforge_port_mask

	.section .text.mlforge_port_unmask, "ax"
	.globl mlforge_port_unmask
	.type mlforge_port_unmask, @function
mlforge_port_unmask:
	csrs mstatus, a0
	ret
	.size mlforge_port_unmask, . - mlforge_port_unmask
