/* SPDX-License-Identifier: Apache-2.0
 *
 * Replays four seconds of speech, a block of samples at a time as a microphone's DMA delivers them,
 * and prints each word that is heard.
 */
#include <mlforge/instance.h>
#include <zephyr/kernel.h>

#include "keyword_mlforge.h"

#define RATE_HZ 16000
#define BLOCK   320 /* 20 ms */

/* G.711's mu-law: a byte for each sample. */
static const uint8_t speech[] = {
#include <speech.inc>
};

BUILD_ASSERT(sizeof(speech) % BLOCK == 0);

/* ITU-T G.711, table 2a: sign, segment and step, all inverted; 14 bits, here with two more behind.
 */
static int16_t linear(uint8_t code)
{
	const uint8_t bits = ~code;
	const int size = ((((bits & 0xF) << 1) + 33) << ((bits >> 4) & 7)) - 33;

	return (int16_t)(4 * ((bits & 0x80) ? -size : size));
}

static void hear(const int16_t *block, uint32_t first)
{
	for (uint32_t taken = 0; taken < BLOCK;) {
		bool inferred;

		taken += mlforge_push_block(&keyword_instance, &block[taken], MLFORGE_SAMPLES_INT16,
					    BLOCK - taken, &inferred);
		if (!inferred) {
			continue;
		}
		const int32_t event = mlforge_event(&keyword_instance);

		if (event >= 0) {
			printk("%u ms: %s\n", (first + taken) / (RATE_HZ / 1000),
			       keyword_instance.classes[event]);
		}
	}
}

int main(void)
{
	static int16_t block[BLOCK];

	printk("model %s, arena %u bytes, %u s of speech\n", keyword_instance.model->name,
	       keyword_instance.model->arena_bytes, (unsigned int)(sizeof(speech) / RATE_HZ));
	for (uint32_t at = 0; at < sizeof(speech); at += BLOCK) {
		for (uint32_t i = 0; i < BLOCK; i++) {
			block[i] = linear(speech[at + i]);
		}
		hear(block, at);
	}
	printk("end of the speech\n");
	return 0;
}
