/* SPDX-License-Identifier: Apache-2.0
 *
 * Every public header in C++, and what an application initialises, with every warning on. It is
 * enough that this compiles.
 */
#include <mlforge/arena.h>
#include <mlforge/bundle.h>
#include <mlforge/deadline.h>
#include <mlforge/decision.h>
#include <mlforge/drift.h>
#include <mlforge/features.h>
#include <mlforge/fixed_point.h>
#include <mlforge/hops.h>
#include <mlforge/instance.h>
#include <mlforge/kernels.h>
#include <mlforge/model.h>
#include <mlforge/moment.h>
#include <mlforge/monitor.h>
#include <mlforge/pipeline.h>
#include <mlforge/reconstruction.h>
#include <mlforge/release.h>
#include <mlforge/sensor.h>
#include <mlforge/service.h>
#include <mlforge/steps.h>
#include <mlforge/stream.h>

#pragma GCC diagnostic error "-Wextra"
#pragma GCC diagnostic error "-Wmissing-field-initializers"

extern "C" uint32_t largest_of(const int8_t *values, uint32_t count)
{
	return mlforge_argmax(values, count);
}

static void on_result(const struct mlforge_result *, void *)
{
}

extern "C" int listen_in_cpp(const struct mlforge_service *service, void *data)
{
	static struct mlforge_listener listener = MLFORGE_LISTENER_INIT(on_result, data);

	return mlforge_service_listen(service, &listener);
}

extern "C" uint32_t block_in_cpp(void *samples, struct k_mem_slab *slab)
{
	const struct mlforge_block block =
		MLFORGE_SLAB_BLOCK_INIT(samples, 160, MLFORGE_SAMPLES_INT16, slab);

	return block.frames;
}
