/* SPDX-License-Identifier: Apache-2.0
 *
 * Inferences for a power meter: bursts that are long enough to be averaged, between pauses that
 * tell what the board draws without them. Knows nothing of meters but the gate pin.
 */
#include "app.h"
#include "device.h"
#include "port.h"
#include "text.h"

/* One burst; returns how many ticks it took. */
static uint32_t burst(uint32_t count)
{
	mlforge_port_gate(1);
	const uint32_t start = mlforge_port_ticks();

	for (; count > 0U; count--) {
		/* An inference does not leave its inputs as they were. */
		mlforge_load_vector(0);
		mlforge_app.model->invoke(mlforge_app.arena);
	}
	const uint32_t ticks = mlforge_port_ticks() - start;

	mlforge_port_gate(0);
	return ticks;
}

void mlforge_bursts(uint32_t count, uint32_t repeats, uint32_t pause_ms)
{
	uint32_t least = UINT32_MAX;
	uint32_t most = 0;

	if (mlforge_app.model == NULL) {
		mlforge_put("e-[No model]\r\n");
		return;
	}
	if (count == 0U || repeats == 0U) {
		mlforge_put("e-[Nothing to run]\r\n");
		return;
	}
	mlforge_model_reset(mlforge_app.model, mlforge_app.arena);
	mlforge_port_sleep(pause_ms);
	for (; repeats > 0U; repeats--) {
		const uint32_t ticks = burst(count);

		least = ticks < least ? ticks : least;
		most = ticks > most ? ticks : most;
		mlforge_port_sleep(pause_ms);
	}
	mlforge_put_pair("least-ticks", least);
	mlforge_put_pair("most-ticks", most);
}
