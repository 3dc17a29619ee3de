/* SPDX-License-Identifier: Apache-2.0
 *
 * Pushes the columns of standard input into a streamed model, resets it where RESETS says so, and
 * writes each result behind a byte that says whether there is one. The arena is dirty before.
 */
#include <stdio.h>

#include "mlforge/hops.h"
#include "s_model.h"

static _Alignas(MLFORGE_ARENA_ALIGN) uint8_t arena[S_ARENA_BYTES];

int main(void)
{
	static const int resets[] = {RESETS};
	int8_t columns[S_INPUT_BYTES];
	size_t next = 0;

	memset(arena, 0x5a, sizeof(arena));
	for (int push = 0; fread(columns, 1, sizeof(columns), stdin) == sizeof(columns); push++) {
		if (next < sizeof(resets) / sizeof(resets[0]) && push == resets[next]) {
			mlforge_model_reset(&s_model, arena);
			next++;
		}
		(void)putchar(mlforge_hop_push(&s_model, arena, columns));
		(void)fwrite(arena + s_model.outputs[0].offset, 1, s_model.outputs[0].bytes,
			     stdout);
	}
	return 0;
}
