/* SPDX-License-Identifier: Apache-2.0
 *
 * A model whose features begin with frames of 25 ms every 10 ms, as those of a spectrum do. It
 * shows what it costs to get samples there.
 */
#ifndef FRAMED_H_
#define FRAMED_H_

#include <mlforge/service.h>

extern const struct mlforge_service framed_service;

#endif /* FRAMED_H_ */
