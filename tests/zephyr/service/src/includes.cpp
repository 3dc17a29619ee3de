/* SPDX-License-Identifier: Apache-2.0
 *
 * Every public header in C++. It is enough that this compiles.
 */
#include <mlforge/arena.h>
#include <mlforge/bundle.h>
#include <mlforge/drift.h>
#include <mlforge/features.h>
#include <mlforge/fixed_point.h>
#include <mlforge/instance.h>
#include <mlforge/kernels.h>
#include <mlforge/model.h>
#include <mlforge/monitor.h>
#include <mlforge/pipeline.h>
#include <mlforge/reconstruction.h>
#include <mlforge/release.h>
#include <mlforge/sensor.h>
#include <mlforge/service.h>

extern "C" uint32_t largest_of(const int8_t *values, uint32_t count)
{
	return mlforge_argmax(values, count);
}
