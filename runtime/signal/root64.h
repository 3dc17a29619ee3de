/* SPDX-License-Identifier: Apache-2.0
 *
 * Exact square roots. Private to the runtime.
 */
#ifndef MLFORGE_SIGNAL_ROOT64_H_
#define MLFORGE_SIGNAL_ROOT64_H_

#include <stdint.h>

/* sqrt(value), rounded down. */
uint32_t mlforge_root_u64(uint64_t value);

#endif /* MLFORGE_SIGNAL_ROOT64_H_ */
