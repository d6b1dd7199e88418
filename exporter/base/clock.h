/* SPDX-License-Identifier: GPL-2.0-only */
/* Times in seconds. */
#pragma once

double now_seconds(void);	/* CLOCK_REALTIME: since the epoch */
double monotonic_seconds(void); /* CLOCK_MONOTONIC: for deadlines, never set back */
