/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The score of an autoencoder: what it cannot reconstruct is strange to it.
 */
#ifndef MLFORGE_RECONSTRUCTION_H_
#define MLFORGE_RECONSTRUCTION_H_

#include "mlforge/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @brief The mean squared difference of what a model was given and what it made of it, in the
 * squared unit of its input (of standardised features: in variances).
 *
 * To be compared with the contract's threshold.
 *
 * @param input  descriptors of an int8 tensor each, such as &model->inputs[0] and
 *               &model->outputs[0]
 * @param output descriptors of an int8 tensor each, such as &model->inputs[0] and
 *               &model->outputs[0]
 * @param given  [input->bytes] a copy of the input: the inference has overwritten the one in the
 *               arena
 * @param made   [output->bytes] the output
 */
double mlforge_reconstruction_error(const struct mlforge_tensor *input, const int8_t *given,
				    const struct mlforge_tensor *output, const int8_t *made);

#ifdef __cplusplus
}
#endif

#endif /* MLFORGE_RECONSTRUCTION_H_ */
