/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stdint.h>

/* In seconds. */
double now_seconds(void);	/* CLOCK_REALTIME: since the epoch */
double monotonic_seconds(void); /* CLOCK_MONOTONIC: for deadlines, never set back */
double cpu_seconds(void);	/* that this process has used */
uint64_t monotonic_ns(void);	/* CLOCK_MONOTONIC, as the programs read it */
