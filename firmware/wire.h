/* SPDX-License-Identifier: Apache-2.0
 *
 * How a benchmark's runner sends an input with `db`, and what it wants to hear of the outputs.
 * Without any of these, the bytes are those of the model's own inputs, and the results all of its
 * outputs, dequantised.
 */
#ifndef MLFORGE_WIRE_H_
#define MLFORGE_WIRE_H_

#include <stdbool.h>
#include <stdint.h>

struct mlforge_wire {
	/* What is added to every byte on its way in, modulo 256. */
	uint8_t offset;
	/* Bytes that are sent for each byte of the model's inputs. */
	uint8_t width;
	/* Turns what was sent into the model's inputs, which are put behind it in the buffer. NULL
	 * where it is them. Returns false where the buffer is too small, or the inputs are of
	 * another type. */
	bool (*load)(void);
	/* Prints what stands between the brackets of `m-results-[...]`. NULL for all outputs. */
	void (*results)(void);
};

/* Unsigned pixels, 0 to 255, for a model of signed ones. */
extern const struct mlforge_wire mlforge_wire_uint8;

/* A model that is to give back its input: little-endian binary32 values come in, and the result is
 * their mean squared distance from the dequantised outputs. */
extern const struct mlforge_wire mlforge_wire_reconstruction;

#endif /* MLFORGE_WIRE_H_ */
