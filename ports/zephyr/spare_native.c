/* SPDX-License-Identifier: Apache-2.0
 *
 * On native_sim no linker script tells what the image leaves: the memory where test vectors wait is
 * set aside here.
 */
#include <stdint.h>

#define BYTES 0x100000

uint8_t mlforge_spare_start[BYTES] __attribute__((aligned(16)));

__asm__(".globl mlforge_spare_end\n\t.set mlforge_spare_end, mlforge_spare_start + 0x100000");
