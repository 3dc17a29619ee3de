/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * @brief The deadline of a model's inferences: what devicetree says, else Kconfig, else the
 * contract.
 */
#ifndef MLFORGE_DEADLINE_H_
#define MLFORGE_DEADLINE_H_

#include <stdint.h>
#include <zephyr/devicetree.h>
#include <zephyr/sys/util.h>

/**
 * @brief The contract's latency limit, as this build's clock can judge it.
 *
 * A contract counts in cycles of the core that it names. QEMU, where it counts instructions
 * (CONFIG_QEMU_ICOUNT), lets each of them take 2^CONFIG_QEMU_ICOUNT_SHIFT nanoseconds, whatever
 * the core. No instruction of a core takes less than a cycle, so an inference of more instructions
 * than the limit has cycles breaks it on the board, too: the limit becomes the time that so many
 * instructions take here. Any other emulator follows the clock of whoever runs it, and nothing is
 * judged.
 *
 * @param contract_us limit in microseconds; 0 for none
 * @param clock_hz    clock of the contract's core in Hz, below 4 GHz
 *
 * @return Microseconds of this build's clock, rounded up; 0 for none.
 */
#if !defined(CONFIG_MLFORGE_EMULATED_TIME)
#define MLFORGE_CONTRACT_DEADLINE_US(contract_us, clock_hz) (contract_us)
#elif defined(CONFIG_QEMU_ICOUNT)
#define MLFORGE_CONTRACT_DEADLINE_US(contract_us, clock_hz)                                        \
	((uint32_t)MIN(DIV_ROUND_UP(((uint64_t)(contract_us) * DIV_ROUND_UP(clock_hz, 1000))       \
					    << CONFIG_QEMU_ICOUNT_SHIFT,                           \
				    1000000),                                                      \
		       UINT32_MAX))
#else
#define MLFORGE_CONTRACT_DEADLINE_US(contract_us, clock_hz) 0
#endif

/**
 * @brief The deadline of a model.
 *
 * What devicetree or Kconfig says is meant for this very build and taken as it stands.
 *
 * @param node        devicetree node of the model, which need not exist
 * @param contract_us the contract's latency limit in microseconds; 0 for none
 * @param clock_hz    clock of the contract's core in Hz
 */
#define MLFORGE_DEADLINE_US(node, contract_us, clock_hz)                                           \
	DT_PROP_OR(node, deadline_us,                                                              \
		   (CONFIG_MLFORGE_DEADLINE_US                                                     \
			    ? CONFIG_MLFORGE_DEADLINE_US                                           \
			    : MLFORGE_CONTRACT_DEADLINE_US(contract_us, clock_hz)))

#endif /* MLFORGE_DEADLINE_H_ */
