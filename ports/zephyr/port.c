/* SPDX-License-Identifier: Apache-2.0
 *
 * The measuring firmware inside a Zephyr application: it takes over at the end of the kernel's
 * initialisation, before any static thread or main() runs, so that nothing else competes for the
 * processor. The UART is polled: the one that devicetree's chosen node `mlforge,uart` names, else
 * the console's.
 */
#include <zephyr/device.h>
#include <zephyr/drivers/gpio.h>
#include <zephyr/drivers/uart.h>
#include <zephyr/fatal.h>
#include <zephyr/init.h>
#include <zephyr/irq.h>
#include <zephyr/kernel.h>

#include "port.h"
#include "text.h"

#if DT_HAS_CHOSEN(mlforge_uart)
#define UART DT_CHOSEN(mlforge_uart)
#elif DT_HAS_CHOSEN(zephyr_console)
#define UART DT_CHOSEN(zephyr_console)
#else
#error "No UART to answer on: choose one in devicetree, as mlforge,uart or zephyr,console"
#endif

#ifdef CONFIG_FPU_SHARING
#define OPTIONS K_FP_REGS
#else
#define OPTIONS 0
#endif

/* The pin for a power meter: `mlforge-gate-gpios` of the node zephyr,user. */
#if defined(CONFIG_GPIO) && DT_NODE_HAS_PROP(DT_PATH(zephyr_user), mlforge_gate_gpios)
#define GATE DT_PATH(zephyr_user)
#endif

#define LAST 99 /* behind all other initialisation */

int mlforge_measure_main(void);

static const struct device *const uart = DEVICE_DT_GET(UART);
#ifdef GATE
static const struct gpio_dt_spec gate = GPIO_DT_SPEC_GET(GATE, mlforge_gate_gpios);
#endif
static K_KERNEL_STACK_DEFINE(stack, CONFIG_MLFORGE_MEASURE_STACK_SIZE);
static struct k_thread thread;

void mlforge_port_init(void)
{
#ifdef GATE
	(void)gpio_pin_configure_dt(&gate, GPIO_OUTPUT_INACTIVE);
#endif
}

void mlforge_port_write(char byte)
{
	uart_poll_out(uart, (unsigned char)byte);
}

char mlforge_port_read(void)
{
	unsigned char byte;

	while (uart_poll_in(uart, &byte) != 0) {
#ifdef CONFIG_ARCH_POSIX
		k_busy_wait(200); /* simulated time stands still while code computes */
#endif
	}
	return (char)byte;
}

uint32_t mlforge_port_ticks(void)
{
	return k_cycle_get_32();
}

uint32_t mlforge_port_clock_hz(void)
{
	return (uint32_t)sys_clock_hw_cycles_per_sec();
}

uint32_t mlforge_port_micros(void)
{
	return (uint32_t)k_ticks_to_us_floor64((uint64_t)k_uptime_ticks());
}

void mlforge_port_sleep(uint32_t ms)
{
	(void)k_msleep((int32_t)ms);
}

void mlforge_port_gate(int high)
{
#ifdef GATE
	(void)gpio_pin_set_dt(&gate, high);
#else
	ARG_UNUSED(high);
#endif
}

uint32_t mlforge_port_mask(void)
{
	return irq_lock();
}

void mlforge_port_unmask(uint32_t state)
{
	irq_unlock(state);
}

uintptr_t mlforge_port_stack_limit(void)
{
#ifdef CONFIG_ARCH_POSIX
	return UINTPTR_MAX; /* threads run on stacks of the host's */
#else
	return thread.stack_info.start;
#endif
}

/* Weak like Zephyr's own, before which the linker finds it: a handler of the application's still
 * takes precedence. */
__weak void k_sys_fatal_error_handler(unsigned int reason, const struct arch_esf *esf)
{
	(void)irq_lock();
	mlforge_put("\r\nm-fault-[Zephyr's fatal error ");
	mlforge_put_unsigned(reason);
	if (esf != NULL) {
#if defined(CONFIG_ARM)
		mlforge_put(" pc=");
		mlforge_put_word(esf->basic.pc);
		mlforge_put(" lr=");
		mlforge_put_word(esf->basic.lr);
#elif defined(CONFIG_RISCV)
		mlforge_put(" pc=");
		mlforge_put_word((uint32_t)esf->mepc);
		mlforge_put(" ra=");
		mlforge_put_word((uint32_t)esf->ra);
#endif
	}
	mlforge_put("]\r\n");
	for (;;) {
	}
}

static void run(void *first, void *second, void *third)
{
	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	(void)mlforge_measure_main();
}

static int take_over(void)
{
	k_thread_create(&thread, stack, K_KERNEL_STACK_SIZEOF(stack), run, NULL, NULL, NULL,
			K_HIGHEST_THREAD_PRIO, OPTIONS, K_NO_WAIT);
	k_sleep(K_FOREVER);
	return 0;
}

SYS_INIT(take_over, APPLICATION, LAST);
