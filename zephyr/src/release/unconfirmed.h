/* SPDX-License-Identifier: Apache-2.0
 *
 * The test boot of an image that MCUboot has not been told to keep: it ends by itself when its time
 * is over, whatever hangs.
 */
#ifndef MLFORGE_RELEASE_UNCONFIRMED_H_
#define MLFORGE_RELEASE_UNCONFIRMED_H_

/* From here on the device is reset when the time is over: by the watchdog, else by a timer. */
void mlforge_unconfirmed_begin(void);

/* The image is confirmed. */
void mlforge_unconfirmed_end(void);

/* It was confirmed before: a watchdog that the bootloader has started, for whoever hangs before
 * this, is stopped. */
void mlforge_unconfirmed_skip(void);

#endif /* MLFORGE_RELEASE_UNCONFIRMED_H_ */
