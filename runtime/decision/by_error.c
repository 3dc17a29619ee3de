/* SPDX-License-Identifier: Apache-2.0
 *
 * Scores of an autoencoder: how much of its input it could not reconstruct, in eighths of an
 * octave, so that 8 bits hold all that Q16.16 holds.
 */
#include "mlforge/decision.h"
#include "mlforge/drift.h"

#define MLFORGE_ERROR_PARTS 8

/* 2^(31 + k / 8), rounded up: the least mantissas of the parts of an octave. */
static const uint32_t mlforge_error_parts[MLFORGE_ERROR_PARTS] = {
	0x80000000, 0x8b95c1e4, 0x9837f052, 0xa5fed6aa,
	0xb504f334, 0xc5672a12, 0xd744fccb, 0xeac0c6e8,
};

int8_t mlforge_error_level(uint32_t error_q16)
{
	int32_t octave = 31;
	int32_t part = MLFORGE_ERROR_PARTS - 1;

	if (error_q16 == 0) {
		return INT8_MIN;
	}
	while (error_q16 >> 31 == 0) {
		error_q16 <<= 1;
		octave--;
	}
	while (error_q16 < mlforge_error_parts[part]) {
		part--;
	}
	return (int8_t)(octave * MLFORGE_ERROR_PARTS + part + INT8_MIN);
}

int32_t mlforge_decide_by_error(const struct mlforge_decision *decision,
				const struct mlforge_model *model, const int8_t *output)
{
	const uint32_t error_q16 =
		mlforge_error_q16(&model->inputs[0], decision->given, &model->outputs[0], output);
	const int8_t scores[] = {INT8_MIN, mlforge_error_level(error_q16)};

	return mlforge_decide(decision, scores);
}
