/* SPDX-License-Identifier: Apache-2.0
 *
 * The sections that a device reads, for block.c alone.
 */
#ifndef MLFORGE_BUNDLE_SECTIONS_H_
#define MLFORGE_BUNDLE_SECTIONS_H_

#include "mlforge/bundle.h"

/* Reads one of the known kinds into `bundle`; true where the bytes are such a section, and where
 * the kind is none of those that a device reads. */
bool mlforge_section_read(uint16_t kind, const uint8_t *data, uint32_t bytes,
			  struct mlforge_bundle *bundle);

#endif /* MLFORGE_BUNDLE_SECTIONS_H_ */
