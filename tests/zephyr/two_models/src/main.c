/* SPDX-License-Identifier: Apache-2.0
 *
 * Two models in one image, against golden vectors: alone, in turn, and both at once in their
 * services; and where their arenas lie.
 */
#include <zephyr/devicetree.h>
#include <zephyr/ztest.h>

#include "gesture_mlforge.h"
#include "motor_mlforge.h"

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

#define EXPECT(instance, vector)                                                                   \
	do {                                                                                       \
		memcpy(mlforge_input(instance, 0), (vector).input, sizeof((vector).input));        \
		mlforge_infer(instance);                                                           \
		zassert_mem_equal(mlforge_output(instance, 0), (vector).output,                    \
				  sizeof((vector).output));                                        \
	} while (false)

ZTEST(two_models, test_each_alone)
{
	for (size_t i = 0; i < ARRAY_SIZE(gestures); i++) {
		EXPECT(&gesture_instance, gestures[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(motors); i++) {
		EXPECT(&motor_instance, motors[i]);
	}
}

ZTEST(two_models, test_in_turn)
{
	for (size_t i = 0; i < MIN(ARRAY_SIZE(gestures), ARRAY_SIZE(motors)); i++) {
		EXPECT(&gesture_instance, gestures[i]);
		EXPECT(&motor_instance, motors[i]);
	}
}

struct check {
	const int8_t *expected;
	size_t bytes;
	int right;
};

static void on_result(const struct mlforge_result *result, void *user_data)
{
	struct check *check = user_data;

	check->right += memcmp(result->output, check->expected, check->bytes) == 0;
}

ZTEST(two_models, test_services_side_by_side)
{
	static struct check gesture_check = {gestures[1].output, GESTURE_OUTPUT_BYTES};
	static struct check motor_check = {motors[1].output, MOTOR_OUTPUT_BYTES};
	static struct mlforge_listener gesture_listener = {.result = on_result,
							   .user_data = &gesture_check};
	static struct mlforge_listener motor_listener = {.result = on_result,
							 .user_data = &motor_check};

	mlforge_service_listen(&gesture_service, &gesture_listener);
	mlforge_service_listen(&motor_service, &motor_listener);
	for (int i = 0; i < 10; i++) {
		zassert_ok(mlforge_service_submit(&gesture_service, gestures[1].input, K_FOREVER));
		zassert_ok(mlforge_service_submit(&motor_service, motors[1].input, K_FOREVER));
	}
	k_sleep(K_MSEC(500));
	zassert_equal(gesture_check.right, 10);
	zassert_equal(motor_check.right, 10);
}

ZTEST(two_models, test_arenas)
{
	const uintptr_t gesture = (uintptr_t)gesture_instance.arena;
	const uintptr_t motor = (uintptr_t)motor_instance.arena;

	zassert_equal(gesture % MLFORGE_ARENA_ALIGN, 0);
	zassert_equal(motor % MLFORGE_ARENA_ALIGN, 0);
	zassert_true(gesture + GESTURE_ARENA_BYTES <= motor ||
		     motor + MOTOR_ARENA_BYTES <= gesture);
#if DT_NODE_EXISTS(DT_NODELABEL(fast_memory))
	zassert_between_inclusive(gesture, DT_REG_ADDR(DT_NODELABEL(fast_memory)),
				  DT_REG_ADDR(DT_NODELABEL(fast_memory)) +
					  DT_REG_SIZE(DT_NODELABEL(fast_memory)) -
					  GESTURE_ARENA_BYTES);
	zassert_false(IN_RANGE(motor, DT_REG_ADDR(DT_NODELABEL(fast_memory)),
			       DT_REG_ADDR(DT_NODELABEL(fast_memory)) +
				       DT_REG_SIZE(DT_NODELABEL(fast_memory)) - 1));
	zassert_equal(gesture_instance.deadline_us, 7000);
	zassert_equal(motor_instance.deadline_us, 0);
#endif
}

ZTEST_SUITE(two_models, NULL, NULL, NULL, NULL, NULL);
