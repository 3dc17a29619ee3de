/* SPDX-License-Identifier: Apache-2.0
 *
 * Pushes the columns of standard input into a streamed model, resets it where RESETS says so, and
 * writes each result behind a byte that says whether there is one. With WINDOWS, it takes whole
 * windows of standard input hop by hop, as a release's self-test does. The arena is dirty before.
 */
#include <stdio.h>

#include "mlforge/hops.h"
#include "s_model.h"

static _Alignas(MLFORGE_ARENA_ALIGN) uint8_t arena[S_ARENA_BYTES];

#ifdef WINDOWS
int main(void)
{
	int8_t window[S_WINDOW_BYTES];

	memset(arena, 0x5a, sizeof(arena));
	while (fread(window, 1, sizeof(window), stdin) == sizeof(window)) {
		mlforge_model_reset(&s_model, arena);
		for (uint16_t call = 0; call < s_model.hop->first; call++) {
			mlforge_hop_write(&s_model, arena, window, call);
			s_model.invoke(arena);
		}
		(void)putchar(mlforge_model_has_result(&s_model, arena));
		(void)fwrite(arena + s_model.outputs[0].offset, 1, s_model.outputs[0].bytes,
			     stdout);
	}
	return 0;
}
#else
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
#endif
