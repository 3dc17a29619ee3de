/* SPDX-License-Identifier: Apache-2.0
 *
 * Where arenas and weights lie, and that the models compute the same there. With places.overlay
 * each is somewhere else.
 */
#include <zephyr/devicetree.h>
#include <zephyr/ztest.h>

#include "gesture_mlforge.h"
#include "motor_mlforge.h"

#define PLACED DT_NODE_EXISTS(DT_NODELABEL(arena_memory))

static const struct {
	int8_t input[GESTURE_INPUT_BYTES];
	int8_t output[GESTURE_OUTPUT_BYTES];
} gestures[] = {
#include "gesture.inc"
};

static const struct {
	int8_t input[MOTOR_INPUT_BYTES];
	int8_t output[MOTOR_OUTPUT_BYTES];
} motors[] = {
#include "vibration.inc"
};

#if PLACED
static bool inside(const void *start, uint32_t bytes, uintptr_t memory, size_t memory_bytes)
{
	return (uintptr_t)start >= memory && (uintptr_t)start + bytes <= memory + memory_bytes;
}

#define INSIDE(start, bytes, label)                                                                \
	inside(start, bytes, DT_REG_ADDR(DT_NODELABEL(label)), DT_REG_SIZE(DT_NODELABEL(label)))

ZTEST(arena, test_each_is_where_it_was_placed)
{
	zassert_true(INSIDE(gesture_instance.arena, GESTURE_ARENA_BYTES, arena_memory));
	zassert_true(INSIDE(motor_instance.arena, MOTOR_ARENA_BYTES, dtcm));
	zassert_true(INSIDE(&gesture_model, sizeof(gesture_model), model_memory));
	zassert_true(INSIDE(gesture_model.inputs, sizeof(gesture_model.inputs[0]), model_memory));
	zassert_true(INSIDE(&motor_model, sizeof(motor_model), external_flash));
	zassert_true(INSIDE(motor_model.inputs, sizeof(motor_model.inputs[0]), external_flash));
}
#endif

ZTEST(arena, test_deadlines)
{
	zassert_equal(gesture_instance.deadline_us, PLACED ? 7000 : 3000,
		      "devicetree before Kconfig");
	zassert_equal(motor_instance.deadline_us, 3000);
}

ZTEST(arena, test_arenas_are_aligned_and_apart)
{
	const uintptr_t gesture = (uintptr_t)gesture_instance.arena;
	const uintptr_t motor = (uintptr_t)motor_instance.arena;

	zassert_equal(gesture % MLFORGE_ARENA_ALIGN, 0);
	zassert_equal(motor % MLFORGE_ARENA_ALIGN, 0);
	zassert_true(gesture + GESTURE_ARENA_BYTES <= motor ||
		     motor + MOTOR_ARENA_BYTES <= gesture);
}

static void expect(const struct mlforge_instance *instance, const int8_t *input,
		   const int8_t *output)
{
	const struct mlforge_model *model = instance->model;

	memcpy(mlforge_input(instance, 0), input, model->inputs[0].bytes);
	mlforge_infer(instance);
	zassert_mem_equal(mlforge_output(instance, 0), output, model->outputs[0].bytes);
}

ZTEST(arena, test_outputs_are_the_golden_ones)
{
	for (size_t i = 0; i < ARRAY_SIZE(gestures); i++) {
		expect(&gesture_instance, gestures[i].input, gestures[i].output);
	}
	for (size_t i = 0; i < ARRAY_SIZE(motors); i++) {
		expect(&motor_instance, motors[i].input, motors[i].output);
	}
}

ZTEST_SUITE(arena, NULL, NULL, NULL, NULL, NULL);
