/* SPDX-License-Identifier: Apache-2.0
 *
 * What a model on TensorFlow Lite Micro has to say: that it runs, and in how much arena, or why it
 * cannot, which is the end. What TensorFlow Lite Micro itself said stands on the console before it.
 * The measuring firmware says it in its protocol.
 */
#include <mlforge/tflm.h>
#include <stdlib.h>
#include <zephyr/kernel.h>

static const char *at_work_on;

void mlforge_tflm_at_work(const char *model)
{
	at_work_on = model;
}

__attribute__((noreturn)) void __real_abort(void);

/* The linker puts it before abort(), by which TensorFlow Lite Micro ends where it finds too little
 * memory too late. */
__attribute__((noreturn)) void __wrap_abort(void)
{
	if (at_work_on != NULL) {
		mlforge_tflm_failed(at_work_on,
				    "it aborted, for want of arena or of a sound model");
	}
	__real_abort();
}

#ifdef CONFIG_MLFORGE_MEASURE
#include "text.h"

void mlforge_tflm_ready(const char *model, uint32_t used_bytes)
{
	ARG_UNUSED(model);
	mlforge_put_pair("arena-used", used_bytes);
}

void mlforge_tflm_failed(const char *model, const char *what)
{
	mlforge_put("\r\nm-fault-[TensorFlow Lite Micro cannot run ");
	mlforge_put(model);
	mlforge_put(": ");
	mlforge_put(what);
	mlforge_put("]\r\n");
	for (;;) {
	}
}
#else
#include <zephyr/logging/log.h>
#include <zephyr/logging/log_ctrl.h>

LOG_MODULE_REGISTER(mlforge_tflm, CONFIG_MLFORGE_LOG_LEVEL);

void mlforge_tflm_ready(const char *model, uint32_t used_bytes)
{
	LOG_DBG("%s: %u bytes of the arena in use", model, used_bytes);
}

void mlforge_tflm_failed(const char *model, const char *what)
{
#ifdef CONFIG_LOG
	LOG_ERR("%s: %s", model, what);
	LOG_PANIC();
#else
	printk("mlforge: %s: %s\n", model, what);
#endif
	k_panic();
	CODE_UNREACHABLE;
}
#endif
