/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLFORGE_KEPT_FREE_H_
#define MLFORGE_KEPT_FREE_H_

#include <stdbool.h>

/* Whether nobody has written to the CONFIG_MLFORGE_RAM_KEPT_FREE bytes since the start. */
bool mlforge_kept_free_intact(void);

#endif /* MLFORGE_KEPT_FREE_H_ */
