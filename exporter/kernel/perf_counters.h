/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters that the kernel keeps per CPU as perf events. Most are of the processor. */
#pragma once

#include <stdint.h>

#include "bpf/abi.h"

extern const char *const perf_counter_names[RP_PERF_COUNTERS]; /* as perf(1) has them */

/* NULL, or why this machine does not have it. Tried once. */
const char *perf_counters__unavailable(uint32_t i);
/* Bits of those that it has. */
uint32_t perf_counters__available(void);
/* Of all tasks on the CPU. A descriptor or a negative errno; -ENODEV: the CPU is offline. */
int perf_counters__open(uint32_t i, int cpu);
