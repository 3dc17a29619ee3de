/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the release share: what became of the bundle, the monitor's lock, and the
 * counts of its inferences. Knows none of the other files.
 */
#ifndef MLFORGE_RELEASE_STATE_H_
#define MLFORGE_RELEASE_STATE_H_

#include <mlforge/release.h>

/* What a service counts, or where there is none the monitor. */
struct mlforge_counts {
	uint32_t late;
	uint32_t refused;
	uint32_t worst_inference_us;
};

/* Whether MCUboot keeps this image; also true where there is no MCUboot. In interrupts and fatal
 * errors, too. */
bool mlforge_confirmed(void);
void mlforge_set_confirmed(bool confirmed);

void mlforge_set_state(enum mlforge_bundle_state state, struct mlforge_finding finding);

/* The release that was tested before this one and did not last. */
void mlforge_set_failed(const struct mlforge_failed *failed);

/* The worst inference of the self-test. */
void mlforge_set_self_test_us(uint32_t worst_us);

struct mlforge_counts mlforge_release_counts(void);

#endif /* MLFORGE_RELEASE_STATE_H_ */
