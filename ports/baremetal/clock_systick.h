/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MLFORGE_CLOCK_SYSTICK_H_
#define MLFORGE_CLOCK_SYSTICK_H_

/* The SysTick exception. */
void mlforge_systick(void);

void mlforge_clock_init(void);

#endif /* MLFORGE_CLOCK_SYSTICK_H_ */
