/* SPDX-License-Identifier: GPL-2.0-only */
/* Times in seconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

double now_seconds(void);	/* CLOCK_REALTIME: since the epoch */
double monotonic_seconds(void); /* CLOCK_MONOTONIC: for deadlines, never set back */

#endif /* BASE_CLOCK_H */
