/* SPDX-License-Identifier: Apache-2.0
 * Implements measure.h. The profiler leaves out whatever lies in the objects of the measuring
 * firmware, so all that is done between two probes for its own sake must stay in them.
 */
#include "measure.h"

#include "app.h"
#include "port.h"

#define PAINT 0xA5C3965AU
#define PROBE __attribute__((noinline, noclone, used)) void

PROBE mlforge_probe_begin(void)
{
	__asm__ volatile("" ::: "memory");
}

PROBE mlforge_probe_end(void)
{
	__asm__ volatile("" ::: "memory");
}

PROBE mlforge_probe_features_begin(void)
{
	__asm__ volatile("" ::: "memory");
}

PROBE mlforge_probe_features_end(void)
{
	__asm__ volatile("" ::: "memory");
}

/* Inlined, so that the stack pointer is the caller's, below which nothing lives while interrupts
 * are masked. */
static inline __attribute__((always_inline)) void paint(uintptr_t limit, uintptr_t top)
{
	for (volatile uint32_t *word = (volatile uint32_t *)limit; (uintptr_t)word < top; word++) {
		*word = PAINT;
	}
}

static inline __attribute__((always_inline)) uint32_t watermark(uintptr_t limit, uintptr_t top)
{
	const volatile uint32_t *word = (volatile uint32_t *)limit;

	if (limit >= top) {
		return 0; /* not measured */
	}
	while ((uintptr_t)word < top && *word == PAINT) {
		word++;
	}
	return (uintptr_t)word == limit ? MLFORGE_STACK_OVERFLOW
					: (uint32_t)(top - (uintptr_t)word);
}

__attribute__((noinline)) struct mlforge_measured mlforge_measure_inference(void)
{
	const uint32_t state = mlforge_port_mask();
	void (*const invoke)(uint8_t *arena) = mlforge_app.model->invoke;
	uint8_t *const arena = mlforge_app.arena;
	const uintptr_t limit = mlforge_port_stack_limit();
	const uintptr_t top = mlforge_port_stack_pointer();
	struct mlforge_measured measured;

	paint(limit, top);
	measured.ticks = mlforge_port_ticks();
	mlforge_probe_begin();
	invoke(arena);
	mlforge_probe_end();
	measured.ticks = mlforge_port_ticks() - measured.ticks;
	measured.stack_bytes = watermark(limit, top);
	mlforge_port_unmask(state);
	return measured;
}

/* True when there is a model input. */
static inline bool mlforge_measure_push(const struct mlforge_app_pipeline *app,
					struct mlforge_frames *frames)
{
	const uint32_t length = app->frame_length(app->pipeline);
	bool ready = false;

	while (!ready && frames->count > 0U) {
		uint32_t taken = 1;

		if (app->push != NULL) {
			ready = app->push(app->pipeline,
					  (const int32_t *)(const void *)frames->next);
			frames->next += length * sizeof(int32_t);
		} else {
			taken = app->push_block(app->pipeline, frames->next, MLFORGE_SAMPLES_INT16,
						frames->count, &ready);
			frames->next += taken * length * sizeof(int16_t);
		}
		frames->count -= taken;
	}
	return ready;
}

__attribute__((noinline)) bool mlforge_measure_features(struct mlforge_frames *frames,
							int8_t *input,
							struct mlforge_measured *measured)
{
	const struct mlforge_app_pipeline *const app = mlforge_app.pipeline;
	const uint32_t state = mlforge_port_mask();
	const uintptr_t limit = mlforge_port_stack_limit();
	const uintptr_t top = mlforge_port_stack_pointer();

	paint(limit, top);
	measured->ticks = mlforge_port_ticks();
	mlforge_probe_features_begin();
	const bool ready = mlforge_measure_push(app, frames);

	if (ready) {
		app->read(app->pipeline, input);
	}
	/* Also where no input is complete: what follows is none of the features' work. */
	mlforge_probe_features_end();
	measured->ticks = mlforge_port_ticks() - measured->ticks;
	measured->stack_bytes = watermark(limit, top);
	mlforge_port_unmask(state);
	return ready;
}
