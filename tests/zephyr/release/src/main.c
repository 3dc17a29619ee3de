/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells what became of the bundle, and what the monitor makes of frames that a test knows, too:
 * first as in training, then with every channel shifted, then calibrated. The test puts a contract
 * and a locked model beside prj.conf, and spoils the image where it wants the check to fail.
 */
#include <errno.h>
#include <mlforge/release.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>
#include <zephyr/shell/shell_dummy.h>

#include "activity_mlforge.h"
#ifdef CONFIG_MLFORGE_SENSOR
#include "scripted.h"
#endif

#define FRAMES 8240

/* What the application has to say of its health once it is done: a test writes it into the image.
 */
volatile const int32_t test_health = 0;
volatile const int32_t test_sensor = 0; /* likewise, what its sensor does */
static bool finished;

static int health(void)
{
	return finished ? test_health : -EAGAIN;
}

MLFORGE_HEALTH_CHECK_DEFINE(finishing, health);

static void command(const char *line)
{
	const struct shell *shell = shell_backend_dummy_get_ptr();
	size_t length;

	shell_backend_dummy_clear_output(shell);
	const int status = shell_execute_cmd(shell, line);

	printk("$ %s: %d\n%s", line, status, shell_backend_dummy_get_output(shell, &length));
}

static void state(const char *when)
{
	struct mlforge_bundle_status status;

	mlforge_bundle_status(&status);
	printk("%s: state %d, reason %s (%u), confirmed %d, allowed %d\n", when, status.state,
	       mlforge_reason_text(status.finding.reason), status.finding.detail, status.confirmed,
	       mlforge_allowed(&activity_instance));
}

/* Uniform from -0.5 to 0.5, and the shift in halves. */
static void fill(int32_t *frame, uint32_t *random, int32_t shift)
{
	for (size_t j = 0; j < ACTIVITY_PIPELINE_FRAME_LENGTH; j++) {
		*random = *random * 1664525U + 1013904223U;
		frame[j] = ((int32_t)*random >> (32 - ACTIVITY_PIPELINE_FRAC_BITS)) +
			   shift * (1 << (ACTIVITY_PIPELINE_FRAC_BITS - 1));
	}
}

/* Returns how many inferences there were. */
static uint32_t push(int32_t shift)
{
	int32_t frame[ACTIVITY_PIPELINE_FRAME_LENGTH];
	uint32_t random = 1;
	uint32_t inferences = 0;

	mlforge_reset(&activity_instance);
	for (int i = 0; i < FRAMES; i++) {
		fill(frame, &random, shift);
		inferences += mlforge_push(&activity_instance, frame);
	}
	return inferences;
}

/* The same frames by way of the service, which watches them as well. */
static void serve(void)
{
#ifdef CONFIG_MLFORGE_SERVICE
	int32_t frame[ACTIVITY_PIPELINE_FRAME_LENGTH];
	int8_t input[ACTIVITY_INPUT_BYTES] = {0};
	int8_t output[ACTIVITY_OUTPUT_BYTES];
	uint32_t random = 1;
	int status = 0;

	mlforge_telemetry_reset();
	mlforge_service_restart(&activity_service);
	for (int i = 0; i < FRAMES && status == 0; i++) {
		fill(frame, &random, 0);
		status = mlforge_service_submit(&activity_service, frame, K_FOREVER);
	}
	k_sleep(K_MSEC(100));
	printk("served: submit %d, infer %d\n", status,
	       mlforge_service_infer(&activity_service, input, output, K_FOREVER));
	command("mlforge telemetry cbor");
	command("mlforge stats");
#endif
}

static void phase(const char *name, int32_t shift)
{
	mlforge_telemetry_reset();
	printk("%s: %u inferences, decision %d\n", name, push(shift),
	       mlforge_monitor_decision(&mlforge_bundle_monitor));
	command("mlforge telemetry cbor");
	command("mlforge telemetry");
}

/* A sensor that delivers has done so when this returns, and then keeps out of the way. */
static void sense(void)
{
#ifdef CONFIG_MLFORGE_SENSOR
	scripted(DEVICE_DT_GET(DT_NODELABEL(imu)))->fetch_status = test_sensor;
	(void)mlforge_sensor_start(&activity_sensor);
	k_sleep(K_MSEC(500));
	if (test_sensor == 0) {
		mlforge_sensor_stop(&activity_sensor);
	}
#endif
}

int main(void)
{
	while (!shell_ready(shell_backend_dummy_get_ptr())) {
		k_sleep(K_MSEC(1));
	}
	state("boot");
	command("mlforge bundle");
	command("mlforge thresholds");
	sense();
	if (mlforge_bundle_state() != MLFORGE_BUNDLE_REFUSED) {
		phase("as trained", 0);
		serve();
		command("mlforge calibrate"); /* nothing to correct, and the shifted frames alone
						 from here on */
		phase("shifted", 1);
		command("mlforge calibrate");
		phase("calibrated", 1);
	} else {
		printk("refused: %u inferences\n", push(0));
		serve();
	}
	finished = true;
	k_sleep(K_SECONDS(8)); /* more than CONFIG_MLFORGE_BUNDLE_UNCONFIRMED_S */
	state("end");
	printk("done\n");
	return 0;
}
