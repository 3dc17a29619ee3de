/* SPDX-License-Identifier: Apache-2.0
 *
 * Four pixels by two channels is what the core's registers hold: eight sums, which VMLADAVA wants
 * in even registers (the link register is one of them, so that the loop counts by itself), four
 * windows, the weights and the count. The compiler does not find that, so all of it is written out.
 *
 * Two channels make a vector of 32 bits each, which VQMOVN lets share one of 16 bits; so do two of
 * those one of bytes, of which a word is a pixel's four channels.
 */
#include "mve_four_pixels.h"

#include "mve.h"

#if defined(__ARM_FEATURE_MVE) && defined(__GNUC__)

/* r1: weights; r3, r5, r7, r9: windows. `a`: "a" to add to sums, "" to start them. */
#define VECTORS(a)                                                                                 \
	"vldrw.u32 q0, [r1], #16\n\t"                                                              \
	"vldrb.u8 q2, [r3], #16\n\t"                                                               \
	"vmladav" a ".s8 r0, q0, q2\n\t"                                                           \
	"vldrw.u32 q1, [r1], #16\n\t"                                                              \
	"vmladav" a ".s8 r8, q1, q2\n\t"                                                           \
	"vldrb.u8 q2, [r5], #16\n\t"                                                               \
	"vmladav" a ".s8 r2, q0, q2\n\t"                                                           \
	"vmladav" a ".s8 r10, q1, q2\n\t"                                                          \
	"vldrb.u8 q2, [r7], #16\n\t"                                                               \
	"vmladav" a ".s8 r4, q0, q2\n\t"                                                           \
	"vmladav" a ".s8 r12, q1, q2\n\t"                                                          \
	"vldrb.u8 q2, [r9], #16\n\t"                                                               \
	"vmladav" a ".s8 r6, q0, q2\n\t"                                                           \
	"vmladav" a ".s8 lr, q1, q2\n\t"

/* clang-format off: macros between strings would wander to the right. */

/* Two channels of all four pixels, as 16 bits each, to `to`. The loop has two vectors of each; an
 * odd number of them begins in its middle. */
#define TWO_CHANNELS(loop, middle, end, to)                                                        \
	"ldr r0, [sp]\n\t"                                                                         \
	"ldm r0, {r3, r5, r7, r9, r11}\n\t" VECTORS("") "tst r11, #1\n\t"                          \
							"bne " middle "f\n" loop                   \
							":\n\t" VECTORS("a") middle                \
		":\n\t" VECTORS("a") "subs r11, r11, #2\n\t"                                       \
				     "bgt " loop "b\n\t"                                           \
				     "vmov q0[2], q0[0], r0, r4\n\t"                               \
				     "vmov q0[3], q0[1], r2, r6\n\t"                               \
				     "vmov q1[2], q1[0], r8, r12\n\t"                              \
				     "vmov q1[3], q1[1], r10, lr\n\t"                              \
				     "ldr r0, [sp]\n\t"                                            \
				     "ldm r1!, {r2, r4, r6, r8, r10, r12}\n\t"                     \
				     "ldr r0, [r0, #24]\n\t"                                       \
				     "vadd.i32 q0, q0, r2\n\t"                                     \
				     "vadd.i32 q1, q1, r8\n\t"                                     \
				     "vqrdmulh.s32 q0, q0, r4\n\t"                                 \
				     "vqrdmulh.s32 q1, q1, r10\n\t"                                \
				     "cbz r0, " end "f\n\t" MLFORGE_MVE_HALVES("q0", "q2")         \
					     MLFORGE_MVE_HALVES("q1", "q2") end                    \
		":\n\t"                                                                            \
		"vrshl.s32 q0, r6\n\t"                                                             \
		"vrshl.s32 q1, r12\n\t"                                                            \
		"vqmovnb.s32 " to ", q0\n\t"                                                       \
		"vqmovnt.s32 " to ", q1\n\t"

__attribute__((naked)) void mlforge_mve_four_pixels(struct mlforge_mve_four_pixels *tile
						    __attribute__((unused)))
{
	__asm__("push {r0, r4-r11, lr}\n\t"
		"ldr r1, [r0, #20]\n"
		"1:\n\t" TWO_CHANNELS("2", "3", "4", "q3") TWO_CHANNELS(
			"5", "6", "7", "q2") "ldr r0, [sp]\n\t"
					     "add r3, r0, #28\n\t"
					     "ldm r3!, {r2, r4, r6, r8}\n\t" /* zero point, clamp,
										output, groups */
					     "vldrw.u32 q1, [r3], #16\n\t"
					     "vqadd.s16 q3, q3, r2\n\t"
					     "vqadd.s16 q2, q2, r2\n\t"
					     "vqmovnb.s16 q0, q3\n\t"
					     "vqmovnt.s16 q0, q2\n\t"
					     "cbz r4, 8f\n\t"
					     "ldrd r2, r4, [r3]\n\t"
					     "vdup.32 q3, r2\n\t"
					     "vdup.32 q2, r4\n\t"
					     "vmax.s8 q0, q0, q3\n\t"
					     "vmin.s8 q0, q0, q2\n"
					     "8:\n\t"
					     "vstrw.32 q0, [r6, q1]\n\t"
					     "add r6, r6, #4\n\t"
					     "subs r8, r8, #1\n\t"
					     "strd r6, r8, [r0, #36]\n\t"
					     "bne 1b\n\t"
					     "pop {r0, r4-r11, pc}\n\t");
}

/* clang-format on */

#else

/* Channels 0 and 2 of a group come first, then 1 and 3. */
void mlforge_mve_four_pixels(struct mlforge_mve_four_pixels *tile)
{
	const int32_t vectors = tile->more_vectors + 1;

	for (int32_t pair = 0; pair < 2 * tile->groups; pair++) {
		const int8_t *w = (const int8_t *)tile->weights;
		const int32_t *channels = tile->weights + 8 * vectors;
		mlforge_lanes sums[2] = {{{0}}, {{0}}};

		for (int32_t k = 0; k < 16 * vectors; k++) {
			for (int32_t i = 0; i < 8; i++) {
				sums[i / 4].lane[i % 4] +=
					w[(k & ~15) * 2 + i / 4 * 16 + (k & 15)] *
					tile->windows[i % 4][k];
			}
		}
		for (int32_t i = 0; i < 8; i++) {
			const int32_t *channel = channels + i / 4 * 3;
			int32_t x = mlforge_accumulate(sums[i / 4].lane[i % 4], channel[0], 1);

			x = mlforge_multiply_high(x, channel[1]);
			x = mlforge_divide_by_power(x, -1 - channel[2]) + tile->zero_point;
			tile->output[tile->offsets[i % 4] +
				     (uint32_t)(pair / 2 * 4 + pair % 2 + i / 4 * 2)] =
				(int8_t)mlforge_clamp(x, tile->low[0], tile->high[0]);
		}
		tile->weights = channels + 6;
	}
}

#endif
